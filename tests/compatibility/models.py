"""The smallest sensible models around a layer, and their data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from .case import Case, fit

SAMPLES = 12
LOSS = {"value": "mse", "label": "sparse_categorical_crossentropy"}
WEIGHTS = {"value": 0.7, "label": 2.0}


def targets(samples: int = SAMPLES, seed: int = 1) -> dict[str, np.ndarray]:
    """For an output `value` of two numbers and an output `label` of three classes."""
    generator = np.random.default_rng(seed)
    return {
        "value": generator.normal(size=(samples, 2)).astype("float32"),
        "label": generator.integers(0, 3, samples).astype("int32"),
    }


def normal(*shape: int, samples: int = SAMPLES, seed: int = 0) -> np.ndarray:
    """Inputs."""
    return np.random.default_rng(seed).normal(size=(samples, *shape)).astype("float32")


def tokens(*shape: int, samples: int = SAMPLES, highest: int = 9) -> np.ndarray:
    """Whole numbers from 1, with zeros at the end of each row, as padding."""
    drawn = np.random.default_rng(0).integers(1, highest + 1, (samples, *shape))
    if len(shape) == 1 and shape[0] > 3:
        drawn[:, -1] = 0
        drawn[::3, -3:] = 0
    return drawn.astype("int32")


def two_heads(inputs: Any, hidden: Any) -> keras.Model:
    """A model with the two outputs of `targets` on anything."""
    if len(hidden.shape) > 2:
        hidden = keras.layers.Flatten()(hidden)
    heads = {
        "value": keras.layers.Dense(2, name="value")(hidden),
        "label": keras.layers.Dense(3, activation="softmax", name="label")(hidden),
    }
    return keras.Model(inputs, heads)


def trunk(**dense: Any) -> keras.Model:
    """Four numbers, a hidden layer, two heads."""
    inputs = keras.Input((4,), name="x")
    return two_heads(inputs, keras.layers.Dense(6, **{"activation": "tanh", "name": "trunk", **dense})(inputs))


def sgd() -> keras.optimizers.Optimizer:
    """Has slots, and does not enlarge rounding."""
    return keras.optimizers.SGD(0.05, momentum=0.9)


def compiled(**arguments: Any) -> Callable[[], dict[str, Any]]:
    """The usual arguments of `compile`; a value that is a function without arguments is called anew each time."""

    def make() -> dict[str, Any]:
        given = {"optimizer": sgd, "loss": LOSS, "loss_weights": WEIGHTS, **arguments}
        made = {name: value() if callable(value) and name != "loss" else value for name, value in given.items()}
        return {name: value for name, value in made.items() if value is not None}

    return make


def trained(x: Callable[[], Any], *, validation: bool = True, **arguments: Any) -> Callable[[Any], Any]:
    """`fit` on these inputs with the usual targets, three steps, and a validation."""

    def data() -> tuple:
        return x(), targets()

    return fit(data, validation_data=data if validation else None, **arguments)


def layer_case(
    make: Callable[[], Any],
    *shape: int,
    x: Callable[[], Any] | None = None,
    before: Callable[[Any], Any] | None = None,
    dtype: str = "float32",
    validation: bool = True,
    **options: Any,
) -> Case:
    """A layer between a first layer and two heads.

    Args:
        make: makes the layer.
        shape: of one sample.
        x: inputs, where they are not normally distributed.
        before: makes what comes before the layer, out of the input; None for a dense layer of as many channels.
        dtype: of the inputs.
        validation: whether there is one.
        options: of the case.
    """

    def build() -> keras.Model:
        inputs = keras.Input(shape, dtype=dtype, name="x")
        first = before or keras.layers.Dense(shape[-1], name="first")
        return two_heads(inputs, make()(first(inputs)))

    return Case(build, compiled(), trained(x or (lambda: normal(*shape)), validation=validation), **options)


def trunk_case(*, train: Callable[[Any], Any] | None = None, dense: dict | None = None, **arguments: Any) -> Case:
    """The usual model and data, with other arguments of `compile`."""
    made = train or trained(lambda: normal(4))
    return Case(lambda: trunk(**(dense or {})), compiled(**arguments), made)

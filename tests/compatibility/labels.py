"""Outputs and labels of each kind: what a loss or a metric is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from .case import Case, Logs, fit
from .models import SAMPLES, normal, sgd, tokens

STEPS = 6
CLASSES = 6


@dataclass(frozen=True)
class Labels:
    """A kind of labels, for an output of this shape.

    Attributes:
        units: the output's last axis.
        activation: of the output.
        draw: labels for a generator and leading axes.
        dtypes: those in which such labels come.
        before: the output's axes between samples and units.
    """

    units: int
    activation: str | None
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    dtypes: tuple[str, ...] = ("float32", "float64", "float16", "int32", "int64", "uint8", "bool")
    before: tuple[int, ...] = ()


def _one_hot(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(CLASSES)[generator.integers(0, CLASSES, shape)]


# In other dtypes than the first, labels come as well.
FLOATS = ("float32", "float64", "float16")
WHOLE = ("int32", "int64", "uint8", "float32")

KINDS = {
    "numbers": Labels(3, None, lambda g, shape: g.normal(size=(*shape, 3)), FLOATS),
    "positive": Labels(3, "softplus", lambda g, shape: g.uniform(0.5, 2, (*shape, 3)), FLOATS),
    "counts": Labels(
        3, "softplus", lambda g, shape: g.integers(0, 4, (*shape, 3)), ("int32", "int64", "uint8", "float32")
    ),
    "yes or no": Labels(2, "sigmoid", lambda g, shape: g.integers(0, 2, (*shape, 2))),
    "yes or no, logits": Labels(2, None, lambda g, shape: g.integers(0, 2, (*shape, 2))),
    "signs": Labels(2, "tanh", lambda g, shape: 2 * g.integers(0, 2, (*shape, 2)) - 1, ("float32", "int32", "int64")),
    "one-hot": Labels(CLASSES, "softmax", _one_hot),
    "classes": Labels(CLASSES, "softmax", lambda g, shape: g.integers(0, CLASSES, shape), WHOLE),
    "classes, logits": Labels(CLASSES, None, lambda g, shape: g.integers(0, CLASSES, shape), WHOLE),
    "mask": Labels(2, "sigmoid", lambda g, shape: g.integers(0, 2, (*shape, 2)), before=(4,)),
    "texts": Labels(4, None, lambda g, shape: g.integers(1, 4, (*shape[:-1], 2)), ("int32", "int64"), before=(6,)),
}


def labelled(
    kind: str,
    *,
    arguments: Callable[[], dict[str, Any]],
    dtype: str | None = None,
    weighted: bool = False,
    padded: bool = False,
    samples: int = SAMPLES,
    validation: bool = True,
    **options: Any,
) -> Case:
    """A model with an output `main` of some kind of labels beside an output `other`.

    Args:
        kind: a key of `KINDS`.
        arguments: what `compile` gets beside the optimizer.
        dtype: of the labels.
        weighted: whether samples of both outputs have weights, and the steps of a sequence.
        padded: whether every step of a padded sequence has a label.
        samples: how many; batches are of 4.
        validation: whether there is one.
        options: of the case.
    """
    labels = KINDS[kind]
    before = (STEPS,) if padded else labels.before

    def build() -> keras.Model:
        if padded:
            inputs = keras.Input((STEPS,), dtype="int32", name="x")
            hidden = keras.layers.Embedding(10, 4, mask_zero=True)(inputs)
            other = keras.layers.GlobalAveragePooling1D()(hidden)
        else:
            inputs = keras.Input((4,), name="x")
            hidden = other = keras.layers.Dense(4, activation="tanh")(inputs)
            if before:
                hidden = keras.layers.Dense(4)(keras.layers.RepeatVector(before[0])(hidden))
                hidden = hidden * keras.ops.reshape(keras.ops.linspace(-1.0, 1.0, before[0]), (1, -1, 1))
        main = keras.layers.Dense(labels.units, labels.activation, name="main")(hidden)
        return keras.Model(inputs, {"main": main, "other": keras.layers.Dense(1, name="other")(other)})

    def data() -> tuple:
        generator = np.random.default_rng(1)
        x = tokens(STEPS, samples=samples) if padded else normal(4, samples=samples)
        main = labels.draw(generator, (samples, *before)).astype(dtype or labels.dtypes[0])
        y = {"main": main, "other": generator.normal(size=(samples, 1)).astype("float32")}
        axes = {"main": (samples, *before) if padded else (samples,), "other": (samples,)}
        weights = {name: generator.uniform(0, 2, shape).astype("float32") for name, shape in axes.items()}
        return (x, y, weights) if weighted else (x, y)

    def train(model: Any) -> Logs:
        return fit(data, validation_data=data if validation else None)(model)

    return Case(build, lambda: {"optimizer": sgd(), **arguments()}, train, **options)


# Logs of a term whose batches hold labels of different number or weight.
BY_LABELS = dict.fromkeys(
    ("main_loss", "val_main_loss", "val_loss"),
    "the mean over all labels of the epoch, where Keras's is the mean over its batches",
)

# Logs of the metrics on padded sequences.
OF_PADDING = "without the padding, which Keras counts"
OF_SCALED_WEIGHTS = "Keras is wrong on PyTorch: masking the loss scales the sample weights that the metrics then see"
OF_LOST_MASKS = "Keras is wrong on JAX: in training, not in validation, its metrics count the padding"

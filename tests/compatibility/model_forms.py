"""Every kind of model, of inputs and of outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from .case import Case, NotTrained, fit
from .models import compiled, normal, targets, trunk, two_heads

METRICS = {"value": "mae", "label": "accuracy"}


def cases() -> dict[str, Case | NotTrained]:
    """By what the model is."""
    one: dict[str, Any] = {"loss": "mse", "loss_weights": None, "metrics": lambda: ["mae"]}
    pair: dict[str, Any] = {
        "loss": ["mse", "sparse_categorical_crossentropy"],
        "loss_weights": [0.7, 2.0],
        "metrics": lambda: [["mae"], ["accuracy"]],
    }
    by_layer: dict[str, Any] = {"metrics": lambda: dict(METRICS)}
    return {
        "Model: functional, a dict of outputs": _case(trunk, **by_layer),
        "Model: functional, a list of outputs": _case(lambda: _listed(trunk()), _as_list, **pair),
        "Model: functional, a tuple of outputs": _case(lambda: _listed(trunk(), tuple), _as_tuple, **pair),
        "Model: functional, a list of outputs, dicts by layer": _case(lambda: _listed(trunk()), **by_layer),
        "Model: functional, a list of outputs, dict of losses, list of labels": _case(
            lambda: _listed(trunk()), _as_list, **by_layer
        ),
        "Model: functional, a dict of outputs, everything as lists": _case(trunk, _as_list, **pair),
        "Model: functional, a dict of outputs, labels as a list": _case(trunk, _as_list, **by_layer),
        "Model: functional, a dict of outputs, everything as lists in the alphabet's order": _case(
            trunk, _as_sorted_list, **{key: value[::-1] for key, value in pair.items() if key != "metrics"}
        ),
        "Model: functional, a dict of outputs, labels as a list in the alphabet's order": _case(
            trunk, _as_sorted_list, **by_layer
        ),
        "Model: functional, one output": _case(_single, _value, **one),
        "Model: functional, one output in a dict": _case(
            lambda: _wrapped(lambda output: {"value": output}),
            lambda: {"value": targets()["value"]},
            loss={"value": "mse"},
            loss_weights={"value": 0.5},
            metrics=lambda: {"value": ["mae"]},
        ),
        "Model: functional, one output in a list": _case(lambda: _wrapped(lambda output: [output]), _value, **one),
        "Model: functional, outputs in a dict of dicts": _case(
            _nested,
            lambda: {"a": {"value": targets()["value"]}, "label": targets()["label"]},
            loss={"a": {"value": "mse"}, "label": "sparse_categorical_crossentropy"},
            loss_weights=None,
        ),
        "Model: two outputs of one layer": _case(
            _shared_head,
            _two_values,
            loss=["mse", "mae"],
            loss_weights=[0.7, 2.0],
            changes={"*head_loss": "the first output's; Keras writes the second's over it, as `head_1_loss` here"},
        ),
        "Model: two outputs of one layer by name": _case(
            lambda: _shared_head(named=True),
            lambda: dict(zip(("one", "two"), _two_values(), strict=True)),
            loss={"one": "mse", "two": "mae"},
            loss_weights={"one": 0.7, "two": 2.0},
        ),
        "Model: states of an LSTM as outputs": _case(
            _states,
            lambda: [normal(3, seed=seed) for seed in (1, 2, 3)],
            normal_x=(5, 4),
            loss="mse",
            loss_weights=None,
        ),
        "Model: inputs in a dict": _case(_two_inputs, x=lambda: {"first": normal(4), "second": normal(3)}),
        "Model: inputs in a list": _case(lambda: _two_inputs(list), x=lambda: [normal(4), normal(3)]),
        "Model: inside another": _case(_inside),
        "Model: frozen in part": _case(_frozen),
        "Model: subclassed, a dict of outputs": _case(_Subclassed, **by_layer),
        "Model: subclassed, a list of outputs": _case(
            lambda: _Subclassed(list),
            _as_list,
            **pair,
            changes=dict.fromkeys(
                ("*mae", "*accuracy", "*mse_loss", "*crossentropy_loss"),
                "named by the output here, as in `output_0_loss`",
            ),
        ),
        "Model: subclassed, one output": _case(lambda: _Subclassed(None), _value, **one),
        "Model: subclassed, adds a loss": _case(lambda: _Subclassed(adds=True)),
        "Model: subclassed, `call` without `training`": _case(lambda: _Subclassed()),
        "Model: with a `train_step` of its own": _case(_OwnStep),
        "Model: with a `compute_loss` of its own": _case(_OwnLoss),
        "Sequential": _case(lambda: _sequence(keras.Input((4,))), _value, **one),
        "Sequential: not built": _case(lambda: _sequence(), _value, **one),
    }


def _case(
    build: Callable[[], keras.Model],
    labels: Callable[[], Any] = targets,
    *,
    x: Callable[[], Any] | None = None,
    normal_x: tuple[int, ...] = (4,),
    changes: dict[str, str] | None = None,
    **arguments: Any,
) -> Case:
    def data() -> tuple:
        return (x or (lambda: normal(*normal_x)))(), labels()

    return Case(build, compiled(**arguments), fit(data, validation_data=data), changes or {})


def _as_list() -> list[np.ndarray]:
    return [targets()["value"], targets()["label"]]


def _as_sorted_list() -> list[np.ndarray]:
    return [targets()["label"], targets()["value"]]


def _as_tuple() -> tuple[np.ndarray, ...]:
    return tuple(_as_list())


def _value() -> np.ndarray:
    return targets()["value"]


def _two_values() -> list[np.ndarray]:
    return [normal(2, seed=3), normal(2, seed=4)]


def _listed(model: keras.Model, kind: Callable = list) -> keras.Model:
    return keras.Model(model.input, kind([model.output["value"], model.output["label"]]))


def _single() -> keras.Model:
    model = trunk()
    return keras.Model(model.input, model.output["value"])


def _wrapped(wrap: Callable[[Any], Any]) -> keras.Model:
    model = trunk()
    return keras.Model(model.input, wrap(model.output["value"]))


def _nested() -> keras.Model:
    model = trunk()
    return keras.Model(model.input, {"a": {"value": model.output["value"]}, "label": model.output["label"]})


def _shared_head(named: bool = False) -> keras.Model:
    inputs = keras.Input((4,), name="x")
    head = layers.Dense(2, name="head")
    outputs = [head(layers.Dense(3)(inputs)), head(layers.Dense(3)(inputs))]
    return keras.Model(inputs, dict(zip(("one", "two"), outputs, strict=True)) if named else outputs)


def _states() -> keras.Model:
    inputs = keras.Input((5, 4), name="x")
    return keras.Model(inputs, layers.LSTM(3, return_state=True)(inputs))


def _two_inputs(kind: type = dict) -> keras.Model:
    inputs = {"first": keras.Input((4,), name="first"), "second": keras.Input((3,), name="second")}
    hidden = layers.Concatenate()(list(inputs.values()))
    return two_heads(inputs if kind is dict else list(inputs.values()), layers.Dense(4)(hidden))


def _inside() -> keras.Model:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(5), layers.BatchNormalization()], name="inner")
    inputs = keras.Input((4,), name="x")
    return two_heads(inputs, inner(inputs))


def _frozen() -> keras.Model:
    model = trunk()
    model.get_layer("trunk").trainable = False
    return model


def _sequence(*first: Any) -> keras.Model:
    return keras.Sequential([*first, layers.Dense(4, activation="tanh"), layers.Dropout(0.2), layers.Dense(2)])


class _Subclassed(keras.Model):
    def __init__(self, kind: type | None = dict, adds: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.kind, self.adds = kind, adds
        self.first = layers.Dense(5, activation="tanh")
        self.noise = layers.Dropout(0.2)
        self.value = layers.Dense(2)
        self.label = layers.Dense(3, activation="softmax")

    def call(self, inputs, training=None):
        hidden = self.noise(self.first(inputs), training=training)
        if self.adds:
            self.add_loss(0.01 * keras.ops.sum(hidden**2))
        if self.kind is None:
            return self.value(hidden)
        found = {"value": self.value(hidden), "label": self.label(hidden)}
        return found if self.kind is dict else list(found.values())


class _OwnLoss(_Subclassed):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2 * super().compute_loss(x, y, y_pred, sample_weight, training)


class _OwnStep(_Subclassed):
    def train_step(self, *args, **kwargs):
        return super().train_step(*args, **kwargs)

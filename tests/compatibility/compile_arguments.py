"""Every form in which Keras takes losses, weights and metrics."""

from __future__ import annotations

from typing import Any

import keras

from .case import Case, NotTrained, fit
from .models import LOSS, compiled, normal, targets, trunk


def _own(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** 1.5, axis=-1)


def _listed(regularizer: str | None = None) -> keras.Model:
    model = trunk(kernel_regularizer=regularizer)
    return keras.Model(model.input, [model.output["value"], model.output["label"]])


def cases() -> dict[str, Case | NotTrained]:
    """By the argument and its form."""
    entropy = "sparse_categorical_crossentropy"
    objects = {"value": keras.losses.Huber(), "label": keras.losses.SparseCategoricalCrossentropy()}
    return {
        "loss: names": _case(loss=LOSS),
        "loss: functions": _case(loss={"value": keras.losses.mean_squared_error, "label": _cross}),
        "loss: a function of one's own": _case(loss={"value": _own, "label": entropy}),
        "loss: a lambda": _case(loss={"value": lambda y, p: (y - p) ** 2, "label": entropy}),
        "loss: objects": _case(loss=objects),
        "loss: classes": _case(loss={"value": keras.losses.Huber, "label": entropy}),
        "loss: for one output": _case(loss={"value": "mse"}, loss_weights=None),
        "loss: None for one output": _case(loss={"value": "mse", "label": None}, loss_weights=None),
        "loss: one name for all outputs": _case(build=_numbers, loss="mse", loss_weights=None, labels=_two_numbers),
        "loss: one object for all outputs": _case(
            build=_numbers, loss=keras.losses.Huber(), loss_weights=None, labels=_two_numbers
        ),
        "loss: a list": _case(build=_listed, loss=["mse", entropy], loss_weights=[0.7, 2.0], labels=_list),
        "loss: a list with None": _case(build=_listed, loss=["mse", None], loss_weights=None, labels=_list),
        "loss: a list for a dict of outputs": _case(loss=["mse", entropy], loss_weights=None),
        "loss: a list in the alphabet's order for a dict of outputs": _case(loss=[entropy, "mse"], loss_weights=None),
        "loss: a config": _case(
            loss={"value": keras.losses.serialize(keras.losses.Huber(0.3)), "label": entropy}, loss_weights=None
        ),
        "loss: a config for one output": _case(
            build=_one,
            loss=keras.losses.serialize(keras.losses.Huber(0.3)),
            loss_weights=None,
            labels=lambda: targets()["value"],
        ),
        "loss: crossentropy": _case(loss={"value": "mse", "label": "crossentropy"}),
        "loss: none, from `add_loss` alone": _case(build=_adds, loss=None, loss_weights=None),
        "loss_weights: a dict": _case(loss_weights={"value": 0.3, "label": 3.0}),
        "loss_weights: for one output": _case(loss_weights={"label": 3.0}),
        "loss_weights: zero": _case(loss_weights={"value": 0.0, "label": 3.0}),
        "loss_weights: negative": _case(loss_weights={"value": -0.1, "label": 3.0}),
        "loss_weights: a list beside regularizers": _case(
            build=lambda: _listed("l2"), loss=["mse", entropy], loss_weights=[0.7, 2.0], labels=_list
        ),
        "loss_weights: a list": _case(build=_listed, loss=["mse", entropy], loss_weights=[0.7, 2.0], labels=_list),
        "loss_weights: a number for one output": _case(
            build=_one, loss="mse", loss_weights=0.5, labels=lambda: targets()["value"]
        ),
        "loss_weights: a list for one output": _case(
            build=_one, loss="mse", loss_weights=[0.5], labels=lambda: targets()["value"]
        ),
        "metrics: names": _case(metrics=lambda: {"value": "mae", "label": "accuracy"}),
        "metrics: lists of names": _case(metrics=lambda: {"value": ["mae", "mse"], "label": ["accuracy"]}),
        "metrics: objects with names": _case(
            metrics=lambda: {"value": [keras.metrics.MeanAbsoluteError(name="far"), keras.metrics.R2Score()]}
        ),
        "metrics: a function": _case(metrics=lambda: {"value": [_own]}),
        "metrics: the same twice": _case(metrics=lambda: {"value": ["mae", "mae"]}),
        "metrics: a list": _case(
            build=_listed, loss=["mse", entropy], loss_weights=None, labels=_list, metrics=lambda: ["mae", "accuracy"]
        ),
        "metrics: a list of lists": _case(
            build=_listed,
            loss=["mse", entropy],
            loss_weights=None,
            labels=_list,
            metrics=lambda: [["mae", "mse"], ["accuracy"]],
        ),
        "metrics: one list for every output": _case(
            build=_numbers, loss="mse", loss_weights=None, labels=_two_numbers, metrics=lambda: ["mae"]
        ),
        "metrics: one output": _case(
            build=_one, loss="mse", loss_weights=None, labels=lambda: targets()["value"], metrics=lambda: ["mae", "mse"]
        ),
        "weighted_metrics: without weights": _case(weighted_metrics=lambda: {"label": ["accuracy"]}),
        "weighted_metrics: beside the same metrics": _case(
            metrics=lambda: {"label": ["accuracy"]}, weighted_metrics=lambda: {"label": ["accuracy"], "value": "mae"}
        ),
        "optimizer: a name": _case(optimizer="adam"),
        "optimizer: a config": _case(optimizer=lambda: keras.optimizers.serialize(keras.optimizers.SGD(0.2))),
        "optimizer: a class's default": _case(optimizer=None),
    }


def _case(build: Any = trunk, labels: Any = targets, **arguments: Any) -> Case:
    def data() -> tuple:
        return normal(4), labels()

    return Case(build, compiled(**arguments), fit(data, validation_data=data))


def _cross(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


def _list() -> list:
    return [targets()["value"], targets()["label"]]


def _one() -> keras.Model:
    model = trunk()
    return keras.Model(model.input, model.output["value"])


def _numbers() -> keras.Model:
    model = trunk()
    return keras.Model(model.input, {"value": model.output["value"], "other": keras.layers.Dense(1)(model.input)})


def _two_numbers() -> dict:
    return {"value": targets()["value"], "other": normal(1, seed=5)}


def _adds() -> keras.Model:
    return trunk(activity_regularizer="l2")

"""A case: a model, the arguments of `compile`, and a training; and what may be said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

SAME, REFUSED, KERAS_FAILS, DIFFERS, NOT_TRAINED = "same", "refused", "Keras fails", "differs", "not trained"
KERAS_IS_WRONG = "Keras is wrong"

Logs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        kind: one of the words above.
        why: one line: a message, or what differs and by how much.
        difference: the largest difference relative to scale; None where nothing was compared.
    """

    kind: str
    why: str = ""
    difference: float | None = None


@dataclass(frozen=True)
class Case:
    """One training, done by plain Keras and by multiloss.

    Attributes:
        build: makes the model; the same weights for the same seed.
        arguments: makes the arguments of `compile`, anew for each training.
        train: trains a compiled model and gives what it logged, as arrays by name.
        changes: logs that mean something else in multiloss by design, or are wrong in Keras, with the reason; patterns
            of names, the first that matches. They are not compared.
        closeness: how close the two must be, relative to scale; larger than rounding only for a reason.
        because: the reason.
        keras_is_wrong: in what, where the two trainings differ for that reason; empty where they must not.
        slow: takes too long for CI.
    """

    build: Callable[[], keras.Model]
    arguments: Callable[[], dict[str, Any]]
    train: Callable[[Any], Logs]
    changes: Mapping[str, str] = field(default_factory=dict)
    closeness: float = 1e-6
    because: str = ""
    keras_is_wrong: str = ""
    slow: bool = False


@dataclass(frozen=True)
class NotTrained:
    """A public class that is no part of a training, or has no training of its own.

    Attributes:
        why: one line.
    """

    why: str


def on_tensorflow(keras_is_wrong: str) -> str:
    """What holds there alone: elsewhere the two trainings must not differ."""
    return keras_is_wrong if keras.backend.backend() == "tensorflow" else ""


def fit(data: Callable[[], tuple], **arguments: Any) -> Callable[[Any], Logs]:
    """A training by `fit` in the given order.

    Args:
        data: makes `(x,)`, `(x, y)` or `(x, y, sample_weight)`, or a tuple with a data set.
        arguments: more for `fit`; callables named `validation_data` and `callbacks` are called anew.
    """

    def train(model: Any) -> Logs:
        given = {"batch_size": 4, "epochs": 1, "shuffle": False, "verbose": 0, **arguments}
        for name in ("validation_data", "callbacks", "sample_weight"):
            if callable(given.get(name)):
                given[name] = given[name]()
        x, y, sample_weight = (*data(), None, None)[:3]
        if y is not None:
            given["y"] = y
        if sample_weight is not None:
            given["sample_weight"] = sample_weight
        return history_logs(model.fit(x, **{name: value for name, value in given.items() if value is not None}))

    return train


def of_uneven_batches(*outputs: str) -> dict[str, str]:
    """`Case.changes` for a training whose last batch is smaller: on TensorFlow Keras does not know a batch's size."""
    why = "Keras is wrong on TensorFlow: its mean over batches counts the short last one as a whole one"
    return {f"*{output}_loss": why for output in outputs} if keras.backend.backend() == "tensorflow" else {}


def history_logs(history: keras.callbacks.History) -> Logs:
    """The logs of all epochs."""
    return {name: np.asarray(values, "float64") for name, values in history.history.items()}


def logs_of(logs: Mapping[str, Any]) -> Logs:
    """Logs of one call, as arrays."""
    return {name: np.asarray(keras.ops.convert_to_numpy(value), "float64") for name, value in logs.items()}

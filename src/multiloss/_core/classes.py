"""How many classes a loss knows where its targets are class numbers."""

from __future__ import annotations

from typing import Any

import keras

from .label_form import agree, form_by_shape
from .typing import Array


def _in_keras(*names: str) -> tuple[Any, ...]:
    return tuple(getattr(keras.losses, name) for name in names if hasattr(keras.losses, name))


# Not every release of Keras has the focal one.
_SPARSE = _in_keras(
    "SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy", "SparseCategoricalFocalCrossentropy"
)
_SPARSE_FUNCTIONS = _in_keras(
    "sparse_categorical_crossentropy", "categorical_generalized_cross_entropy", "sparse_categorical_focal_crossentropy"
)


def knows_classes(loss: Any) -> bool:
    """Whether a loss may have class numbers as targets, as far as is known of it."""
    known = isinstance(loss, (str, *_SPARSE)) or hasattr(loss, "number_of_classes")
    return known or any(loss is function for function in _SPARSE_FUNCTIONS)


def number_of_classes(loss: Any, y_true: Array, y_pred: Array) -> int | None:
    """The number of classes; None where the targets are no class numbers, or nothing is known of the loss.

    A loss says it with a method `number_of_classes(y_true, y_pred)`, as those of multiloss do.

    Args:
        loss: a Keras loss, a function, or the name of the form that goes by the shapes.
        y_true: the targets.
        y_pred: the predictions.
    """
    if isinstance(loss, str):
        sparse = form_by_shape(y_true, y_pred) == "sparse_categorical"
    elif (asked := getattr(loss, "number_of_classes", None)) is not None:
        return asked(y_true, y_pred)
    else:
        sparse = knows_classes(loss)
    width = y_pred.shape[-1]
    return int(width) if sparse and width is not None and _one_per_place(y_true, y_pred) else None


def _one_per_place(y_true: Array, y_pred: Array) -> bool:
    """Whether there is a label for each row of predictions: the classes are along the last axis, not along another."""
    labels, places = tuple(y_true.shape), tuple(y_pred.shape[:-1])
    if len(labels) == len(places) + 1 and labels[-1] == 1:
        labels = labels[:-1]
    return agree(labels, places)

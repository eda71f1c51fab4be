"""Weights of labels by their class."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.typing import Array
from ._weights import LARGEST_WEIGHT


def as_class_weight(weights: Any) -> dict[int, float] | None:
    """The argument `class_weight` in one form: None, or a dict from class to weight that is not empty."""
    if weights is None:
        return None
    if not isinstance(weights, Mapping) or not weights:
        raise invalid(
            "`class_weight` must be a dict from class to weight, such as {0: 1.0, 1: 5.0}, that is not empty",
            received=weights,
            fix="ml.balanced_class_weight(y) makes one.",
        )
    return {_class(key, weights): _weight(value, weights) for key, value in weights.items()}


def _class(key: Any, weights: Mapping) -> int:
    if isinstance(key, str) and key.isdecimal():
        key = int(key)  # what JSON makes of it
    number = float(key) if isinstance(key, Real) and not isinstance(key, bool) else -1.0
    if not number.is_integer() or number < 0:
        raise invalid("`class_weight` must map classes 0, 1, ... to weights", received=dict(weights))
    return int(number)


def _weight(value: Any, weights: Mapping) -> float:
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else -1.0
    if not 0.0 <= number <= LARGEST_WEIGHT:
        raise invalid(
            f"The weights of `class_weight` must be numbers from 0 to {LARGEST_WEIGHT:g}", received=dict(weights)
        )
    return number


def class_weights(
    name: str, y_true: Array, y_pred: Array, weights: Mapping[int, float], classes: int | None = None
) -> Array:
    """The weight of each label's class, in the shape of integer labels; 1 for classes that are not named.

    Args:
        name: the term's name.
        y_true: integer or one-hot labels.
        y_pred: the predictions.
        weights: what `as_class_weight` gave.
        classes: how many there are; None takes the width of one-hot labels.
    """
    one_hot = len(y_true.shape) == len(y_pred.shape) and y_pred.shape[-1] != 1 and y_true.shape[-1] == y_pred.shape[-1]
    numbers = ops.argmax(y_true, axis=-1) if one_hot else ops.cast(y_true, "int32")
    classes = y_pred.shape[-1] if one_hot else classes
    if classes is not None and max(weights) >= classes:
        raise invalid(
            f"`class_weight` of term {name!r} must name classes from 0 to {classes - 1}", received=dict(weights)
        )
    table = np.ones(int(max(weights)) + 2, "float32")
    for key, value in weights.items():
        table[key] = value
    return ops.take(ops.convert_to_tensor(table), ops.clip(numbers, 0, len(table) - 1), axis=0)

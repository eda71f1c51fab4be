"""Weights of labels by their class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.typing import Array


def class_weights(name: str, y_true: Array, y_pred: Array, weights: Mapping[int, float]) -> Array:
    """The weight of each label's class, in the shape of integer labels; 1 for classes that are not named."""
    one_hot = len(y_true.shape) == len(y_pred.shape) and y_pred.shape[-1] != 1 and y_true.shape[-1] == y_pred.shape[-1]
    classes = ops.argmax(y_true, axis=-1) if one_hot else ops.cast(y_true, "int32")
    if not one_hot and len(classes.shape) > 1 and classes.shape[-1] == 1:
        classes = ops.squeeze(classes, -1)
    if any(int(key) != key or key < 0 for key in weights):
        raise invalid(f"`class_weight` of term {name!r} must map classes 0, 1, ... to weights", received=dict(weights))
    table = np.ones(int(max(weights)) + 2, "float32")
    for key, value in weights.items():
        table[int(key)] = value
    return ops.take(ops.convert_to_tensor(table), ops.clip(classes, 0, len(table) - 1), axis=0)

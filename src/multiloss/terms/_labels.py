"""Which labels are there, and what stands safely in the place of those that are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.typing import Array


def is_float(array: Array) -> bool:
    """Whether the tensor has a floating-point dtype."""
    return "float" in str(array.dtype)


def labelled_entries(y_true: Array, missing: Any) -> Array | None:
    """True where `y_true` has a label; None when nothing can be missing."""
    if missing is None:
        return None
    if missing == "nan":
        return ops.logical_not(ops.isnan(y_true)) if is_float(y_true) else None
    return ops.not_equal(y_true, ops.cast(missing, y_true.dtype))


def fit_mask(name: str, mask: Array, y_true: Array) -> Array:
    """The mask in at most the target's rank; raises where it would be stretched over other axes than it has.

    Args:
        name: the term's name.
        mask: bool, the target's leading axes, each whole or 1; one axis of length 1 may be too many at the end.
        y_true: the target.
    """
    rank = len(y_true.shape)
    if len(mask.shape) == rank + 1 and mask.shape[-1] == 1:
        mask = ops.squeeze(mask, -1)
    pairs = list(zip(mask.shape, y_true.shape, strict=False))
    if len(mask.shape) > rank or any(a not in (1, None, b) and b is not None for a, b in pairs):
        raise invalid(
            f"The mask of term {name!r} must have the leading axes of its target, of shape {tuple(y_true.shape)}",
            received=f"a mask of shape {tuple(mask.shape)}",
            fix="Give one value per sample, or one for each entry of the target.",
        )
    return mask


def combine(first: Array | None, second: Array | None) -> Array | None:
    """The entries that both masks keep; the mask of lower rank is spread over the other's last axes."""
    if first is None or second is None:
        return second if first is None else first
    rank = max(len(first.shape), len(second.shape))
    return ops.logical_and(spread(first, rank), spread(second, rank))


def spread(array: Array, rank: int) -> Array:
    """Adds axes at the end until the rank is reached."""
    while len(array.shape) < rank:
        array = ops.expand_dims(array, -1)
    return array


def shrink(mask: Array, rank: int) -> Array:
    """Keeps a group of entries only where all of them are labelled, until the rank is reached."""
    while len(mask.shape) > rank:
        mask = ops.all(mask, axis=-1)
    return mask


def safe_target(y_true: Array, mask: Array | None) -> Array:
    """The target with 0 where no label is, set before the loss: 0 times NaN is NaN."""
    if mask is None:
        return y_true
    return ops.where(spread(mask, len(y_true.shape)), y_true, ops.zeros_like(y_true))


def safe_prediction(y_pred: Array, mask: Array | None) -> Array:
    """The prediction with a constant where no label is, so that no gradient can come from there."""
    if mask is None:
        return y_pred
    return ops.where(spread(mask, len(y_pred.shape)), y_pred, 0.5 * ops.ones_like(y_pred))


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

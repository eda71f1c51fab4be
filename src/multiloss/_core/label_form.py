"""Which form of a loss or metric the shapes ask for, as Keras chooses, and which shapes agree."""

from __future__ import annotations

from .typing import Array


def agree(first: tuple, second: tuple) -> bool:
    """Whether two shapes are the same, as far as their lengths are known."""
    pairs = zip(first, second, strict=False)
    return len(first) == len(second) and all(a == b or a is None or b is None for a, b in pairs)


def form_by_shape(y_true: Array, y_pred: Array) -> str:
    """`"binary"`, `"categorical"` or `"sparse_categorical"`: what `"crossentropy"` and `"accuracy"` mean here."""
    if y_pred.shape[-1] == 1 or len(y_pred.shape) == 1:
        return "binary"
    if len(y_true.shape) < len(y_pred.shape) or y_true.shape[-1] == 1:
        return "sparse_categorical"
    return "categorical"

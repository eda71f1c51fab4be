"""The norms that penalties know by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

from .._core.errors import unknown_name
from .._core.typing import Array


def column_norms(weight: Array) -> Array:
    """The L2 norm of each column, the last axis kept; shape `(columns,)`. Its gradient at a zero column is 0.

    Args:
        weight: a tensor of any rank; a vector's entries are its columns.
    """
    axes = tuple(range(len(weight.shape) - 1))
    largest = ops.stop_gradient(ops.max(ops.abs(weight), axis=axes) if axes else ops.abs(weight))
    zero = ops.equal(largest, 0)
    # In units of the largest entry no square underflows; the root never sees the 0, where its slope is infinite.
    unit = ops.where(zero, ops.ones_like(largest), largest)
    squares = ops.square(weight / unit)
    total = ops.sum(squares, axis=axes) if axes else squares
    root = ops.sqrt(ops.where(zero, ops.ones_like(total), total))
    return ops.where(zero, ops.zeros_like(root), unit * root)


NORMS: dict[str, Callable[[Array], Array]] = {"l1": ops.abs, "l2": ops.square}
WEIGHT_NORMS: dict[str, Callable[[Array], Array]] = {**NORMS, "group": column_norms}


def entry_function(norm: Any, norms: Mapping[str, Callable[[Array], Array]] = NORMS) -> Callable[[Array], Array] | None:
    """The function whose sum is the norm of that name; None for a callable of the user's."""
    if callable(norm):
        return None
    if norm not in norms:
        raise unknown_name("norm", norm, norms, "Or pass a function of a tensor.")
    return norms[norm]

"""Masks and weights of several ranks: they share the leading axes."""

from __future__ import annotations

from .._core.typing import Array
from ._arrays import module_of


def spread(array: Array, rank: int) -> Array:
    """Adds axes at the end until the rank is reached."""
    while len(array.shape) < rank:
        array = module_of(array).expand_dims(array, -1)
    return array


def shrink(mask: Array, rank: int) -> Array:
    """Keeps a group of entries only where all of them count, until the rank is reached."""
    while len(mask.shape) > rank:
        mask = module_of(mask).all(mask, axis=-1)
    return mask


def combine(first: Array | None, second: Array | None) -> Array | None:
    """The entries that both masks keep; the mask of lower rank is spread over the other's last axes."""
    if first is None or second is None:
        return second if first is None else first
    rank = max(len(first.shape), len(second.shape))
    return module_of(first, second).logical_and(spread(first, rank), spread(second, rank))


def whole(mask: Array | None, array: Array) -> Array:
    """The mask in the full shape of an array of no lower rank; true everywhere for None."""
    module = module_of(array)
    if mask is None:
        return module.ones_like(array, dtype="bool")
    return module_of(mask, array).broadcast_to(spread(mask, len(array.shape)), module.shape(array))

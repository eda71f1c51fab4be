"""Weights of samples, of their entries and of their classes, as one factor on the loss values."""

from __future__ import annotations

from collections.abc import Iterable

from .._core.errors import invalid
from .._core.typing import Array
from ._arrays import module_of
from ._shapes import spread

# A larger weight leaves float32 no room for the loss.
LARGEST_WEIGHT = 1e30


def product_of_weights(term: str, weights: Iterable[Array], rank: int) -> Array | None:
    """The product of all weights in the rank of the loss values; None without any.

    Args:
        term: the term's name, for errors.
        weights: each with the leading axes of the loss values; one axis of length 1 may be too many at the end.
        rank: of the loss values.
    """
    product = None
    for weight in weights:
        if len(weight.shape) == rank + 1 and weight.shape[-1] == 1:
            weight = module_of(weight).squeeze(weight, -1)
        if len(weight.shape) > rank:
            raise invalid(
                f"The sample weights of term {term!r} must have at most the rank of its loss values, {rank}",
                received=f"shape {tuple(weight.shape)}",
            )
        weight = spread(weight, rank)
        product = weight if product is None else product * weight
    return product

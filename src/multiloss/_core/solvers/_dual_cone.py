"""Projection of gradients on the cone where no term gets worse."""

from __future__ import annotations

from keras import ops

from ..linalg import correlation, product
from ..typing import Array, Gramian, Presence, Weights
from ._interior_point import nonnegative_quadratic


def lower_bounded_quadratic(gramian: Gramian, lower: Array, present: Presence) -> Array:
    """Minimises 1/2 v'Gv subject to v >= u, for several u at once.

    J'v is the projection of J'u on the dual cone {x: Jx >= 0}, by duality: the closest direction to J'u along which no
    present term increases to first order.

    Args:
        gramian: shape `(K, K)`.
        lower: the bounds u, shape `(B, K)`, non-negative.
        present: shape `(K,)`, bool; a present row must not be zero.

    Returns:
        v, shape `(B, K)`, 0 where absent and where u has no present entry. J'v is unique, v need not be.
    """
    cosines, lengths = correlation(gramian, present)
    bound = ops.where(present, lower, ops.zeros_like(lower)) * lengths
    size = ops.max(bound, axis=-1, keepdims=True)
    bound = bound / ops.where(size > 0, size, ops.ones_like(size))
    # A positive slope holds the absent rows at 0.
    slope = ops.where(present, product(bound, cosines), ops.ones_like(bound))
    return (bound + nonnegative_quadratic(cosines, slope)) * size / lengths


def mean_projection(gramian: Gramian, present: Presence) -> Weights:
    """The mean over i of the minimisers of 1/2 v'Gv subject to v >= e_i: `lower_bounded_quadratic` of unit vectors.

    Args:
        gramian: shape `(K, K)`.
        present: shape `(K,)`, bool; a present row must not be zero.

    Returns:
        Shape `(K,)`. Entries of absent terms mean nothing.
    """
    cosines, lengths = correlation(gramian, present)
    here = ops.cast(present, lengths.dtype)
    # In units of the rows' lengths the bound is 1, and its slopes are the cosines.
    added = nonnegative_quadratic(cosines, cosines)
    return (1.0 + product((here * lengths)[None], added)[0] / lengths) / ops.sum(here)

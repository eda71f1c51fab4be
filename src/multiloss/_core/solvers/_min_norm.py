"""The shortest vector in the convex hull of the gradients."""

from __future__ import annotations

from keras import ops

from ..linalg import correlation
from ..typing import Gramian, Presence, Weights
from ._interior_point import nonnegative_quadratic


def min_norm_point(gramian: Gramian, present: Presence) -> Weights:
    """Minimises w'Gw over the simplex of the present terms: w >= 0, sum w = 1.

    For any a > 0, the minimiser of w'Gw + a (1'w - 1)^2 over w >= 0 is a multiple of the one sought, so that the
    equation needs no multiplier of its own. Here a is the squared length of the shortest gradient, on which the
    accuracy then depends, not on the longest.

    Args:
        gramian: shape `(K, K)`.
        present: shape `(K,)`, bool; a present row must not be zero.

    Returns:
        w, shape `(K,)`, 0 where absent; all 0 when nothing is present. J'w is unique, w need not be.
    """
    cosines, lengths = correlation(gramian, present)
    inverse = ops.where(present, 1.0 / lengths, ops.zeros_like(lengths))
    largest = ops.max(inverse)
    share = inverse / ops.where(largest > 0, largest, ops.ones_like(largest))
    # A positive slope holds the absent rows at 0.
    slope = ops.where(present, -share, ops.ones_like(share))
    weights = share * nonnegative_quadratic(cosines + share[:, None] * share, slope[None])[0]
    total = ops.sum(weights)
    return weights / ops.where(total > 0, total, ops.ones_like(total))

"""The direction in a ball around the mean gradient along which the worst term does best."""

from __future__ import annotations

from keras import ops

from ..linalg import correlation, epsilon, product, relative
from ..typing import Gramian, Presence, Weights
from ._active_sets import MOST
from ._ball_by_sets import ball_by_sets
from ._ball_interior_point import ball_by_interior_point


def worst_in_ball(gramian: Gramian, radius: float, present: Presence) -> Weights:
    """Maximises min_i g_i.d over |d - m| <= radius |m|, m the mean of the present gradients.

    d = m + J'v with v >= 0. In units of |m|, with C the cosines, y_i = v_i l_i, e_i = min l / l_i and b_i = u_i.m, the
    optimum has s = Cy + b - t e >= 0, y's = 0 and y'Cy = radius^2, where t is the worst progress over min l. C carries
    a ridge of the size of rounding: where a convex combination of the gradients vanishes, y is large along it instead
    of infinite.

    Args:
        gramian: shape `(K, K)`.
        radius: of the ball over the length of the mean, above 0.
        present: shape `(K,)`, bool; a present row must not be zero.

    Returns:
        v + 1/K, shape `(K,)`, non-negative, 0 where absent. NaN where the Gramian is not finite.
    """
    cosines, lengths = correlation(gramian, present)
    terms = gramian.shape[-1]
    sizes, longest = relative(lengths, present)
    count = ops.sum(ops.cast(present, sizes.dtype))
    shares = sizes / count
    towards = product(cosines, shares[:, None])[:, 0]
    # Gradients that cancel leave a mean of rounding: of either sign when squared, and with cosines beyond 1.
    mean = ops.sqrt(ops.relu(ops.sum(shares * towards)))
    none, one = ops.zeros_like(sizes), ops.ones_like(sizes)
    towards = ops.hard_tanh(towards / ops.where(mean > 0, mean, ops.ones_like(mean)))
    inverse = ops.where(present, one / lengths, none)
    # Absent rows have no part in the worst term, and a slack that holds them at 0.
    share, offset = inverse / ops.max(inverse), ops.where(present, towards, one)
    solve = ball_by_sets if terms <= MOST else ball_by_interior_point
    matrix = cosines + 4.0 * epsilon(cosines) * terms * ops.eye(terms, dtype=cosines.dtype)
    added = solve(matrix, offset, share, radius)
    weights = added * (mean * longest / lengths) + 1.0 / count
    return ops.where(present, weights, none)

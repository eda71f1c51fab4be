"""The weights at which each term's progress is a power of its weight: proportional and alpha-fairness."""

from __future__ import annotations

import math

from keras import ops

from ..linalg import correlation, epsilon, product
from ..typing import Array, Gramian, Presence, Weights

# One step aims at changes of y and s by about this much in logarithms, and takes no entry nearer to 0 than this
# fraction of the way.
BOLDNESS = 2.0
TO_THE_WALL = 0.9
# By the measured worst case, with lengths over six decades and alpha from 0.5 to 5.
ITERATIONS = {2.0**-23: 40, 2.0**-52: 40}


def fair_point(gramian: Gramian, alpha: float, present: Presence) -> Weights:
    """Solves Ga = a^(-1/alpha) for a > 0, the minimiser of the strictly convex 1/2 a'Ga - sum_i psi(a_i).

    psi is the integral of a^(-1/alpha), the logarithm for alpha = 1. With lengths l, cosines C and y_i = l_i a_i, it is
    s = Cy, y_i s_i^alpha = l_i^(1 - alpha). Newton's method takes the second equation in logarithms, in which the
    spread of the lengths is a matter of addition, and treats y and s alike, as primal-dual methods do. Steps are cut
    where an entry would come near 0.

    C carries a ridge of the size of rounding: where a combination of all gradients with positive coefficients vanishes
    (a Pareto-stationary point), no solution would exist, and the ridge's one is large along these coefficients.

    Args:
        gramian: shape `(K, K)`.
        alpha: from 0.5 to 5.
        present: shape `(K,)`, bool; a present row must not be zero.

    Returns:
        a, shape `(K,)`, positive; 0 where absent. NaN where the Gramian is not finite.
    """
    cosines, lengths = correlation(gramian, present)
    terms = gramian.shape[-1]
    finite = ops.all(ops.isfinite(cosines))
    identity = ops.eye(terms, dtype=cosines.dtype)
    matrix = ops.where(finite, cosines, identity) + 4.0 * epsilon(cosines) * math.sqrt(terms) * identity
    logarithms = ops.where(ops.logical_and(present, finite), ops.log(lengths), ops.zeros_like(lengths))
    count = ops.sum(ops.cast(present, cosines.dtype))
    middle = ops.sum(logarithms) / ops.where(count > 0, count, ops.ones_like(count))
    goal = (1.0 - alpha) * ops.where(present, logarithms - middle, ops.zeros_like(logarithms))
    start = ops.ones_like(goal)
    power = alpha * ops.ones_like(middle)
    # Everything travels in the loop's state: JAX then finds the compiled loop again, eagerly too.
    y, *_ = ops.fori_loop(0, ITERATIONS[epsilon(matrix)], _step, (start, start, matrix, goal, power))
    weights = y / lengths * ops.exp(middle * (1.0 - alpha) / (1.0 + alpha))
    return ops.where(finite, ops.where(present, weights, ops.zeros_like(weights)), weights * math.nan)


def _step(_: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
    """One Newton step on s = My and log y + alpha log s = goal."""
    y, s, matrix, goal, alpha = state
    aim = goal - ops.log(y) - alpha * ops.log(s)
    # All aims are cut in one proportion, so that no entry runs ahead of the others into a wall.
    bold = ops.max(ops.abs(aim)) / (BOLDNESS * (1.0 + alpha))
    aim = aim / ops.where(bold > 1.0, bold, ops.ones_like(bold)) / alpha
    residual = s - product(matrix, y[:, None])[:, 0]
    slope = s / (alpha * y)
    system = matrix + slope[:, None] * ops.eye(matrix.shape[-1], dtype=matrix.dtype)
    along_y = ops.linalg.solve(system, (residual + s * aim)[:, None])[:, 0]
    along_s = s * aim - slope * along_y
    # The largest relative decrease decides how far to go.
    shrink = ops.max(ops.stack([-along_y / y, -along_s / s]))
    length = ops.clip(TO_THE_WALL / ops.where(shrink > 0, shrink, ops.ones_like(shrink)), 0.0, 1.0)
    length = ops.where(shrink > 0, length, ops.ones_like(length))
    return y + length * along_y, s + length * along_s, matrix, goal, alpha

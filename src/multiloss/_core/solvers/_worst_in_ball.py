"""The direction in a ball around the mean gradient along which the worst term does best."""

from __future__ import annotations

import math

from keras import ops

from ..linalg import correlation, epsilon, product, relative
from ..typing import Array, Gramian, Presence, Weights
from ._pair_in_ball import pair_in_ball

# Each step aims at this fraction of the present gap, and stops at this fraction of the way to the nearest wall.
CENTRING = 0.1
TO_THE_WALL = 0.95
# By the measured worst case, with lengths over six decades.
ITERATIONS = {2.0**-23: 60, 2.0**-52: 70}


def worst_in_ball(gramian: Gramian, radius: float, present: Presence) -> Weights:
    """Maximises min_i g_i.d over |d - m| <= radius |m|, m the mean of the present gradients.

    d = m + J'v with v >= 0. In units of |m|, with C the cosines, y_i = v_i l_i, e_i = min l / l_i and b_i = u_i.m, the
    optimum has s = Cy + b - t e >= 0, y's = 0 and y'Cy = radius^2, where t is the worst progress over min l. A
    primal-dual interior-point method solves for y, s, t, the multipliers w (sum e_i w_i = 1, w = n y) and n of the
    ball, and the ball's slack. C carries a ridge of the size of rounding, so that n stays above 0: where a convex
    combination of the gradients vanishes, y is large along it instead of infinite.

    Args:
        gramian: shape `(K, K)`.
        radius: of the ball over the length of the mean, above 0.
        present: shape `(K,)`, bool; a present row must not be zero.

    Returns:
        v + 1/K, shape `(K,)`, non-negative, 0 where absent. NaN where the Gramian is not finite.
    """
    # From the shortest to the longest: where gradients are dependent, rounding then is the same in any order.
    order = ops.argsort(ops.diagonal(gramian))
    gramian, present = ops.take(ops.take(gramian, order, axis=0), order, axis=1), ops.take(present, order)
    return ops.take(_in_order(gramian, radius, present), ops.argsort(order))


def _in_order(gramian: Gramian, radius: float, present: Presence) -> Weights:
    cosines, lengths = correlation(gramian, present)
    terms = gramian.shape[-1]
    finite = ops.all(ops.isfinite(cosines))
    identity = ops.eye(terms, dtype=cosines.dtype)
    if terms == 2:
        alone = ops.where(present, (1.0 + radius) * ops.ones_like(lengths), ops.zeros_like(lengths))
        weights = ops.where(ops.all(present), pair_in_ball(cosines, lengths, radius), alone)
        return ops.where(finite, weights, weights * math.nan)
    # Where all are absent, any answer will do that solves a regular problem: it is thrown away.
    taking_part = ops.logical_or(present, ops.logical_not(ops.any(present)))
    here = ops.cast(taking_part, cosines.dtype)
    matrix = ops.where(finite, cosines, identity) + 4.0 * epsilon(cosines) * terms * identity
    sizes, longest = relative(ops.where(finite, lengths, ops.ones_like(lengths)), taking_part)
    count = ops.clip(ops.sum(here), 1.0, math.inf)
    shares = sizes / count
    towards = product(ops.where(finite, cosines, identity), shares[:, None])[:, 0]
    # Gradients that cancel leave a mean of rounding: of either sign when squared, and with cosines beyond 1.
    mean = ops.sqrt(ops.clip(ops.sum(shares * towards), 0.0, math.inf))
    towards = ops.clip(towards / ops.where(mean > 0, mean, ops.ones_like(mean)), -1.0, 1.0)
    shortest = ops.min(ops.where(taking_part, sizes, ops.ones_like(sizes)))
    share = ops.where(
        taking_part, shortest / ops.where(taking_part, sizes, ops.ones_like(sizes)), ops.zeros_like(sizes)
    )
    # Absent rows have no part in the worst term, and a slack that holds them at 0.
    offset = ops.where(taking_part, towards, ops.ones_like(towards))
    start = here / ops.clip(ops.sum(share), 1.0, math.inf) + 1.0 - here
    norm = ops.sqrt(ops.sum(start * product(matrix, start[:, None])[:, 0], axis=-1, keepdims=True))
    force = norm * math.sqrt(2.0) / radius
    one = ops.ones_like(norm)
    state = (start / force, start, ops.ones_like(start), 0.0 * one, force, 0.25 * radius**2 * one)
    # Everything travels in the loop's state: JAX then finds the compiled loop again, eagerly too.
    constants = (matrix, offset, share, 0.5 * radius**2 * one, identity)
    state = ops.fori_loop(0, ITERATIONS[epsilon(matrix)], _step, (*state, *constants))
    # What rounding has left outside of the ball is brought back.
    added = state[1] / state[4]
    length = ops.sqrt(ops.clip(ops.sum(added * product(cosines, added[:, None])[:, 0]), radius**2, math.inf))
    added = added * (radius / length) * mean * longest / lengths
    weights = ops.where(present, added + 1.0 / count, ops.zeros_like(added))
    return ops.where(finite, weights, weights * math.nan)


def _step(_: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
    """One Newton step on the optimality conditions, with products w_i s_i and n slack of a tenth of the present gap."""
    # Scalars are of shape (1,), so that they can be put together with the vectors as they are.
    y, w, s, level, force, slack, matrix, offset, share, bound, identity = state
    terms = matrix.shape[-1]
    smallest = 1e-2 * epsilon(matrix) / terms
    gap = (ops.sum(w * s, axis=-1, keepdims=True) + force * slack) / (terms + 1)
    target = ops.clip(CENTRING * gap, smallest, math.inf)
    reached = product(matrix, y[:, None])[:, 0]
    missing = reached + offset - level * share - s
    missing_slack = bound - 0.5 * ops.sum(y * reached, axis=-1, keepdims=True) - slack
    pushed, shared = force * s / w, ops.sum(share * y, axis=-1, keepdims=True)
    system = ops.concatenate(
        [
            ops.concatenate([matrix + pushed[:, None] * identity, (s * y / w)[:, None], -share[:, None]], axis=1),
            ops.concatenate([-force * reached, slack, 0.0 * slack])[None],
            ops.concatenate([force * share, shared, 0.0 * slack])[None],
        ],
        axis=0,
    )
    right = [target / w - missing - pushed * y, target - force * (slack + missing_slack), 1.0 - force * shared]
    move = ops.linalg.solve(system, ops.concatenate(right)[:, None])[:, 0]
    along_y, along_force, along_level = move[:terms], move[terms : terms + 1], move[terms + 1 :]
    along_w = force * along_y + y * along_force + force * y - w
    along_s = product(matrix, along_y[:, None])[:, 0] - along_level * share + missing
    along_slack = missing_slack - ops.sum(reached * along_y, axis=-1, keepdims=True)
    shrink = ops.max(ops.concatenate([along_w / -w, along_s / -s, along_force / -force, along_slack / -slack]))
    length = TO_THE_WALL / ops.clip(shrink, TO_THE_WALL, math.inf)
    # Once the gap is closed, further steps would only gather rounding.
    length = ops.where(gap > 2.0 * smallest, length, ops.zeros_like(gap))
    return (
        y + length * along_y,
        w + length * along_w,
        s + length * along_s,
        level + length * along_level,
        force + length * along_force,
        slack + length * along_slack,
        matrix,
        offset,
        share,
        bound,
        identity,
    )

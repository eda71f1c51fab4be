"""A primal-dual interior-point method for the worst term in a ball, for any number of terms."""

from __future__ import annotations

import math

from keras import ops

from ..linalg import epsilon, product
from ..typing import Array

# Each step aims at this fraction of the present gap, and stops at this fraction of the way to the nearest wall.
CENTRING = 0.1
TO_THE_WALL = 0.95
# By the measured worst case, with lengths over six decades.
ITERATIONS = {2.0**-23: 60, 2.0**-52: 70}


def ball_by_interior_point(matrix: Array, offset: Array, share: Array, radius: float) -> Array:
    """Solves s = My + b - t e >= 0, y >= 0, y's = 0 and y'My = radius^2 for y, s and t.

    Newton's method on y, s, t, the multipliers w (sum e_i w_i = 1, w = n y), n of the ball, and the ball's slack.

    Args:
        matrix: M, shape `(K, K)`, positive definite, with a diagonal of about 1.
        offset: b, shape `(K,)`, from -1 to 1; 1 where absent.
        share: e, shape `(K,)`, from 0 to 1; 0 where absent.
        radius: above 0.

    Returns:
        y, shape `(K,)`. NaN where something is not finite.
    """
    terms = matrix.shape[-1]
    finite = ops.all(ops.isfinite(ops.concatenate([matrix, offset[None], share[None]])))
    identity, one = ops.eye(terms, dtype=matrix.dtype), ops.ones_like(offset)
    # Linear solvers of some backends raise when fed with NaN, or where no term is present: a harmless problem instead.
    matrix = ops.where(finite, matrix, identity)
    regular = ops.logical_and(finite, ops.any(share > 0))
    share, offset = ops.where(regular, share, one), ops.where(finite, offset, one)
    start = ops.where(share > 0, one / ops.sum(share), one)
    norm = ops.sqrt(ops.sum(start * product(matrix, start[:, None])[:, 0], axis=-1, keepdims=True))
    force = norm * math.sqrt(2.0) / radius
    unit = ops.ones_like(norm)
    state = (start / force, start, one, 0.0 * unit, force, 0.25 * radius**2 * unit)
    # Everything travels in the loop's state: JAX then finds the compiled loop again, eagerly too.
    constants = (matrix, offset, share, 0.5 * radius**2 * unit, identity)
    state = ops.fori_loop(0, ITERATIONS[epsilon(matrix)], _step, (*state, *constants))
    y = state[1] / state[4]
    # What rounding has left outside of the ball is brought back.
    over = ops.sum(y * product(matrix, y[:, None])[:, 0]) / radius**2
    y = y / ops.sqrt(1.0 + ops.relu(over - 1.0))
    return ops.where(finite, y, y * math.nan)


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

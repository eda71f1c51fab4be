"""Projection on one hard half-space and several soft ones."""

from __future__ import annotations

from keras import ops

from ..linalg import product
from ..typing import Array
from ._interior_point import nonnegative_quadratic


def one_hard_many_soft(cosines: Array, linear: Array, hard: Array, give: float) -> Array:
    """Minimises 1/2 y'(C + give I_soft) y + q'y over y >= 0, where I_soft is 1 on all diagonal places but one.

    The hard constraint is active or not. If it is, its y_h = -(q_h + c'y) with c its column of C, and the others solve
    the problem on what the rows have orthogonal to it, C - cc' + give I: no large numbers cancel then, however small
    `give` is. The solution is unique, so whichever of the two has the right sign is it.

    Args:
        cosines: C, shape `(K, K)`, with a diagonal of 1.
        linear: q, shape `(K,)`, with entries of about 1.
        hard: 1 at the hard constraint and 0 elsewhere, shape `(K,)`.
        give: above 0.

    Returns:
        y, shape `(K,)`.
    """
    soft = 1.0 - hard
    column = product(cosines, hard[:, None])[:, 0]
    height = ops.sum(linear * hard)
    # A unit row and a positive slope hold the hard constraint's own entry at 0.
    apart = cosines * soft[:, None] * soft[None, :]
    rest = column * soft
    idle = _scaled(apart, linear * soft + hard, hard + give * soft)
    active = _scaled(apart - rest[:, None] * rest[None, :], (linear - rest * height) * soft + hard, hard + give * soft)
    pushed = -(height + ops.sum(rest * active))
    return ops.where(height + ops.sum(rest * idle) >= 0, idle, active + hard * pushed)


def _scaled(matrix: Array, linear: Array, ridge: Array) -> Array:
    """The problem with `ridge` on the diagonal, brought to a diagonal of 1 and slopes of at most 1."""
    identity = ops.eye(ridge.shape[0], dtype=matrix.dtype)
    matrix = matrix + ridge[:, None] * identity
    sizes = ops.sqrt(ops.sum(matrix * identity, axis=-1))
    linear = linear / sizes
    steepest = ops.max(ops.abs(linear))
    steepest = ops.where(steepest > 0, steepest, ops.ones_like(steepest))
    solved = nonnegative_quadratic(matrix / sizes[:, None] / sizes[None, :], (linear / steepest)[None])[0]
    return solved * steepest / sizes

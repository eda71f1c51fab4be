"""Convex quadratics of two non-negative variables, in closed form."""

from __future__ import annotations

import math

from keras import ops

from ..linalg import epsilon
from ..typing import Array


def nonnegative_pair(matrix: Array, linear: Array) -> Array:
    """Minimises 1/2 y'My + q'y subject to y >= 0, for one 2 x 2 matrix M and several vectors q at once.

    Of the four sets of positive variables, the first whose solution has slopes s = My + q >= 0 is taken: none, either
    one, both.

    Args:
        matrix: shape `(2, 2)`, positive semi-definite up to rounding, with a diagonal of about 1.
        linear: shape `(B, 2)`, as for `nonnegative_quadratic`.

    Returns:
        Shape `(B, 2)`. Where the minimiser is not unique, My is.
    """
    # Where M is singular the slope of the other variable is 0 up to rounding, and either of them alone will do.
    rounding = 4.0 * epsilon(matrix)
    first, second, coupling = matrix[0, 0], matrix[1, 1], matrix[0, 1]
    one, two = linear[:, 0], linear[:, 1]
    none = ops.zeros_like(one)
    determinant = first * second - coupling * coupling
    determinant = ops.where(determinant > 0, determinant, ops.ones_like(determinant))
    both = ops.stack([coupling * two - second * one, coupling * one - first * two], axis=1) / determinant
    only_one = ops.logical_and(one < 0, two - coupling * one / first >= -rounding)
    only_two = ops.logical_and(two < 0, one - coupling * two / second >= -rounding)
    found = ops.where(only_two[:, None], ops.stack([none, -two / second], axis=1), both)
    found = ops.where(only_one[:, None], ops.stack([-one / first, none], axis=1), found)
    nowhere = ops.logical_and(one >= 0, two >= 0)
    return ops.clip(ops.where(nowhere[:, None], ops.zeros_like(found), found), 0.0, math.inf)

"""The worst term in a ball, solved for every set of worst terms at once."""

from __future__ import annotations

from keras import ops

from ..linalg import product
from ..typing import Array
from ._active_sets import LARGE, ActiveSets, best, fault


def ball_by_sets(matrix: Array, offset: Array, share: Array, radius: float) -> Array:
    """Solves s = My + b - t e >= 0, y >= 0, y's = 0 and y'My = radius^2 for y, s and t.

    On a set of worst terms, y = t u - v with Mu = e and Mv = b there. The ball then is a quadratic equation for t, with
    u'e t^2 - 2 u'b t + v'b = radius^2, whose larger root has e'y > 0.

    Args:
        matrix: M, shape `(K, K)`, K at most `MOST`, positive definite, with a diagonal of about 1.
        offset: b, shape `(K,)`, from -1 to 1; 1 where absent.
        share: e, shape `(K,)`, from 0 to 1; 0 where absent.
        radius: above 0.

    Returns:
        y, shape `(K,)`. Where it is not unique, the mean of those that are equally good.
    """
    sets = ActiveSets(matrix)
    linear = ops.stack([share, offset])
    products = sets.solve(linear) @ ops.transpose(linear)
    square, mixed, rest = products[:, 0, 0], products[:, 0, 1], products[:, 1, 1]
    root = mixed * mixed - square * (rest - radius**2)
    level = ((mixed + ops.sqrt(ops.relu(root))) / square)[:, None, None]
    slope = offset - level * share
    y = ops.relu(-sets.solve(slope))
    faults = fault(y, product(y, matrix) + slope)
    # Where there is no root, the set has no point in the ball.
    return best(y, ops.where(root[:, None] >= 0, faults, ops.zeros_like(faults) + LARGE))[0]

"""Two gradients: the best direction in a ball around their mean, in closed form."""

from __future__ import annotations

import math

from keras import ops

from ..linalg import epsilon
from ..typing import Array, Weights


def pair_in_ball(cosines: Array, lengths: Array, radius: float) -> Weights:
    """Maximises min(g_1.d, g_2.d) over |d - m| <= radius |m|, m = (g_1 + g_2) / 2.

    Either the shorter one is the worse one at the best point of the ball for it, d = m + radius |m| g_1 / |g_1|.
    Or both do equally well: then d is a multiple of p, the point of the line through g_1 and g_2 that is nearest to 0,
    as long as the ball allows. What could cancel is written with 1 + cos and the difference of the lengths.

    Args:
        cosines: shape `(2, 2)`, finite.
        lengths: shape `(2,)`, positive, the shorter one first.
        radius: of the ball over the length of the mean, above 0.

    Returns:
        w, shape `(2,)`, at least 1/2: d = w_1 g_1 + w_2 g_2.
    """
    apart, alike = 1.0 - cosines[0, 1], 1.0 + cosines[0, 1]
    longest = ops.max(lengths)
    first, second = lengths[0] / longest, lengths[1] / longest
    less, more, area = first - second, first + second, first * second
    mean = 0.5 * ops.sqrt(less * less + 2.0 * area * alike)
    reach = radius * mean
    # Where the first does best in the ball, by how much it is still ahead of the other.
    ahead = 0.5 * less * more + reach * (less + second * apart)
    # As in the general method, a ridge of the size of rounding bounds the weights where the gradients are parallel.
    ridge = 8.0 * epsilon(cosines)
    apart, alike = apart + ridge, alike + ridge
    between = ops.sqrt(less * less + 2.0 * area * apart)
    nearest = area * ops.sqrt(apart * alike) / between
    # From the mean, the plane of equal progress is `aside` away along g_1 - g_2, and the ball reaches `along` in it.
    aside = -0.5 * less * more / between
    along = ops.sqrt(ops.clip(reach**2 - aside**2, 0.0, math.inf))
    stretch = (1.0 + along / nearest) / between**2
    both = second * (first * apart - less) * stretch, first * (less + second * apart) * stretch
    half = 0.5 * ops.ones_like(mean)
    found = ops.where(ahead <= 0, ops.stack([0.5 + reach / first, half]), ops.stack(both))
    return ops.clip(found, 0.5, math.inf)

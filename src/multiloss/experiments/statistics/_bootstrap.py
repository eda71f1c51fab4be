"""The interval of a mean by resampling the seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np

from ._t_distribution import t_quantile

# The range of n values holds the median of what they are drawn from with probability 1 - 2^(1 - n), and resampled means
# never leave it: below six values no resampling can reach 95 %.
FEWEST = 6
_RESAMPLES = 10_000


def bootstrap(values: Sequence[float], confidence: float) -> tuple[float, float] | None:
    """The expanded percentile interval: quantiles a and 1 - a of the means of resampled values.

    a = Phi(-sqrt(n / (n - 1)) * t(confidence, n - 1)) in the place of (1 - confidence) / 2: the plain percentile
    interval is too narrow for few values (it holds the mean of three normal ones 76 times in 100, of five 85 times).
    Nothing is assumed of the shape of the scatter. The resampling is seeded: the same values give the same interval.

    Args:
        values: one finite number a seed; already paired where they are to be.
        confidence: strictly between 0 and 1.

    Returns:
        Lower and upper end; None with fewer than six values, where no such interval keeps its promise.

    Paper: Hesterberg 2014, "What Teachers Should Know About the Bootstrap", arXiv:1411.5279.

    Example:
        >>> bootstrap([1.0, 2.0, 3.0], 0.95) is None
        True
        >>> low, high = bootstrap([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.95)
        >>> low < 3.5 < high
        True
    """
    count = len(values)
    if count < FEWEST:
        return None
    drawn = np.random.default_rng(0).integers(0, count, size=(_RESAMPLES, count))
    means = np.mean(np.asarray(values, dtype=float)[drawn], axis=1)
    reach = math.sqrt(count / (count - 1)) * t_quantile(confidence, count - 1)
    tail = statistics.NormalDist().cdf(-reach)
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)

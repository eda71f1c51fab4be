"""How many seeds would show a difference of the size that was measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from ..._core.optional import require
from ._interval import CONFIDENCE

# In so many of 100 repetitions it would be shown.
POWER = 0.8
# More than this is no advice.
MOST = 1000


def seeds_needed(values: Sequence[float], comparisons: int = 1) -> int | None:
    """The smallest n at which a t test over n seeds shows a mean like this one, in 4 of 5 repetitions.

    With the mean m and the standard deviation s that were measured, T over n seeds has a noncentral t distribution with
    n - 1 degrees of freedom and the noncentrality sqrt(n) m / s. It counts as shown below 5 % over the number of
    comparisons, the strictest level of Holm's correction.

    Args:
        values: one improvement a seed.
        comparisons: how many contenders are compared with the baseline.

    Returns:
        The number of seeds, at most `MOST`; None where it is more, and where nothing differs or scatters.

    Example:
        >>> seeds_needed([0.5, 1.0, 1.5, 3.0, -1.0])
        19
    """
    if len(values) < 2:
        return None
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    if not mean or not spread:
        return None
    level = (1.0 - CONFIDENCE) / max(comparisons, 1)
    low, high = 1, 2
    while _power(high, mean / spread, level) < POWER:
        if high >= MOST:
            return None
        low, high = high, min(2 * high, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(middle, mean / spread, level) >= POWER else (middle, high)
    return high


def _power(seeds: int, effect: float, level: float) -> float:
    stats = require("scipy.stats", extra="compare", purpose="comparing runs over several seeds")
    limit = stats.t.ppf(1.0 - level / 2.0, seeds - 1)
    shift = math.sqrt(seeds) * abs(effect)
    return float(stats.nct.sf(limit, seeds - 1, shift) + stats.nct.cdf(-limit, seeds - 1, shift))

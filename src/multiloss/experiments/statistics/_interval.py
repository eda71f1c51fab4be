"""The mean over seeds with its intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ._bootstrap import bootstrap
from ._t_distribution import t_distribution, t_quantile

CONFIDENCE = 0.95
METHOD = "Student t over seeds"
CORRECTION = "Holm"
BOOTSTRAP = "expanded percentile bootstrap over seeds, from six seeds on (arXiv:1411.5279)"


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Attributes:
        mean: the arithmetic mean; None when no value was there.
        interval: lower and upper end of Student's interval at `CONFIDENCE`; None with fewer than two values.
        count: how many values entered.
        bootstrap: lower and upper end of the resampled interval at `CONFIDENCE`; None with fewer than six values.
    """

    mean: float | None
    interval: tuple[float, float] | None
    count: int
    bootstrap: tuple[float, float] | None = None

    def excludes_zero(self) -> bool:
        """Whether Student's interval exists and lies wholly on one side of zero."""
        return _excludes_zero(self.interval)

    def resampled_excludes_zero(self) -> bool:
        """Whether the resampled interval exists and lies wholly on one side of zero."""
        return _excludes_zero(self.bootstrap)

    def without_interval(self) -> Estimate:
        """The mean alone: for the baseline against itself, which is zero by definition and no measurement."""
        return replace(self, interval=None, bootstrap=None)


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Mean and intervals: mean +- t(confidence, n - 1) * s / sqrt(n), s with n - 1 in its denominator.

    Student's interval is right for values that scatter normally around the mean; the resampled one (`bootstrap`)
    assumes no shape, but needs six values. With one value there is neither.

    Args:
        values: one finite number a seed.
        confidence: strictly between 0 and 1.

    Example:
        >>> low, high = estimate([1.0, 2.0, 3.0]).interval
        >>> round(low, 3), round(high, 3)
        (-0.484, 4.484)
    """
    if not values:
        return Estimate(None, None, 0)
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Estimate(mean, None, 1)
    half = t_quantile(confidence, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return Estimate(mean, (mean - half, mean + half), len(values), bootstrap(values, confidence))


def p_value(values: Sequence[float]) -> float | None:
    """How often a mean at least as far from zero comes by chance when the true mean is zero: Student's t test.

    Args:
        values: one finite number a seed.

    Returns:
        A probability; None with fewer than two values.

    Example:
        >>> round(p_value([1.0, 2.0, 3.0]), 4)
        0.0742
    """
    if len(values) < 2:
        return None
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    if spread == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    t = abs(mean) / (spread / math.sqrt(len(values)))
    return float(2.0 * t_distribution().sf(t, len(values) - 1))


def _excludes_zero(interval: tuple[float, float] | None) -> bool:
    return interval is not None and (interval[0] > 0.0 or interval[1] < 0.0)

"""How much better than the baseline, in a number without a unit."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

SIGNS = {"max": 1.0, "min": -1.0}


def relative_change(value: float | None, baseline: float | None, direction: str) -> float | None:
    """Signed relative change, positive when `value` is better: s * (m - b) / |b|, s = 1 for "max", -1 for "min".

    Args:
        value: the metric m, in its own unit; None when it is missing or not finite.
        baseline: the baseline's b of the same seed.
        direction: `"max"` or `"min"`.

    Returns:
        A dimensionless number; 0 when both are equal; None where the change has no size (b = 0, or a value missing).

    Example:
        >>> relative_change(0.75, 0.5, "max"), relative_change(3.0, 2.0, "min")
        (0.5, -0.5)
        >>> relative_change(0.0, 0.0, "min"), relative_change(0.1, 0.0, "min")
        (0.0, None)
    """
    if value is None or baseline is None:
        return None
    if value == baseline:
        return 0.0
    if baseline == 0.0:
        return None
    return SIGNS[direction] * (value - baseline) / abs(baseline)


def relative_changes(
    metrics: Mapping[str, float | None], baseline: Mapping[str, float | None], score: Mapping[str, str]
) -> dict[str, float | None]:
    """The relative change of every score metric; see `relative_change`."""
    return {
        name: relative_change(metrics.get(name), baseline.get(name), direction) for name, direction in score.items()
    }


def improvement(
    metrics: Mapping[str, float | None], baseline: Mapping[str, float | None], score: Mapping[str, str]
) -> float | None:
    """The mean relative change over the score metrics; metrics without a size of change are left out.

    Args:
        metrics: the run's validation metrics, without `val_`.
        baseline: the baseline's metrics of the same seed.
        score: metric name to `"max"` or `"min"`.

    Returns:
        A dimensionless number, positive when better; None when no metric can be compared.

    Example:
        >>> improvement({"acc": 0.75, "mae": 1.0}, {"acc": 0.5, "mae": 2.0}, {"acc": "max", "mae": "min"})
        0.5
    """
    known = [change for change in relative_changes(metrics, baseline, score).values() if change is not None]
    return statistics.fmean(known) if known else None

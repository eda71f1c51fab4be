"""How much better than the baseline, in a number without a unit."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from ...problems import Score


def changes(
    metrics: Mapping[str, float | None], baseline: Mapping[str, float | None], score: Mapping[str, Score]
) -> dict[str, float | None]:
    """What the change of every score metric counts; see `Score`."""
    return {name: entry.change(metrics.get(name), baseline.get(name)) for name, entry in score.items()}


def improvement(
    metrics: Mapping[str, float | None], baseline: Mapping[str, float | None], score: Mapping[str, Score]
) -> float | None:
    """The mean change over the score metrics, as `Score` counts it; those without a size of change are left out.

    Args:
        metrics: the run's validation metrics, without `val_`.
        baseline: the baseline's metrics of the same seed.
        score: metric name to `Score`.

    Returns:
        A dimensionless number, positive when better; None when no metric can be compared.

    Example:
        >>> score = {"accuracy": Score("max", ideal=1.0), "mae": Score("min")}
        >>> improvement({"accuracy": 0.75, "mae": 1.0}, {"accuracy": 0.5, "mae": 2.0}, score)
        0.5
    """
    known = [change for change in changes(metrics, baseline, score).values() if change is not None]
    return statistics.fmean(known) if known else None

"""Every log has one owner: two that would write the same are refused, where one would replace the other in silence."""

from __future__ import annotations

from collections.abc import Iterator

from ..._core.errors import invalid
from ._metrics import OutputMetrics
from ._tracker import TermTracker

OF_VALIDATION = "val_"


def check_log_owners(tracker: TermTracker, metrics: OutputMetrics | None, skips: bool) -> None:
    """Raises when two would log under one name, in training or in validation.

    Args:
        tracker: the logs of the terms.
        metrics: the metrics by output; None without any.
        skips: whether skipped steps are counted in the logs.
    """
    owners: dict[str, str] = {}
    for log, owner in _logs(tracker, metrics, skips):
        if owners.setdefault(log, owner) != owner:
            raise invalid(
                "Each log must have one owner",
                received=f"{log!r} of {owners[log]} and of {owner}",
                fix="Choose another name for one of them.",
            )


def _logs(tracker: TermTracker, metrics: OutputMetrics | None, skips: bool) -> Iterator[tuple[str, str]]:
    evaluated = [("loss", "the sum of all terms")]
    evaluated += [(f"{name}_loss", f"term {name!r}") for name in tracker.term_names]
    evaluated += [(f"{name}_labelled", f"term {name!r}") for name in tracker.partly_labelled]
    # Metrics make their names unique among themselves.
    evaluated += [(name, f"the metric {name!r}") for name in (metrics.log_names() if metrics else ())]
    yield from evaluated
    yield from [(f"{OF_VALIDATION}{log}", f"the validation of {owner}") for log, owner in evaluated]
    yield from [(f"{name}_weight", f"term {name!r}") for name in tracker.term_names]
    kinds = ("multiplier", "violation")
    yield from [(f"{name}_{kind}", f"term {name!r}") for name in tracker.constrained for kind in kinds]
    if tracker.has_objective:
        yield "objective", "the balancer"
    if skips:
        yield "skipped_steps", "the skipped steps"

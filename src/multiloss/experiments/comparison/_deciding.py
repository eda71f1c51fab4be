"""Whether one metric decides what the mean over all of them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..._core.wording import percent
from ...problems import Score
from ._contender_summary import ContenderSummary

# A metric with more than this part of all changes decides alone.
_MOST = 2.0 / 3.0


def deciding_metric(
    summary: Sequence[ContenderSummary], baseline: str, score: Mapping[str, Score]
) -> tuple[str, float] | None:
    """The metric with more than two thirds of the sizes of all mean changes, and its part; None where there is none.

    Args:
        summary: one line a contender.
        baseline: the label that the others are compared with.
        score: metric name to `Score`.
    """
    others = [entry for entry in summary if entry.balancer != baseline]
    sizes = {name: sum(abs(entry.changes[name].mean or 0.0) for entry in others) for name in score}
    total = sum(sizes.values())
    if len(sizes) < 2 or not total:
        return None
    name = max(sizes, key=lambda metric: sizes[metric])
    return (name, sizes[name] / total) if sizes[name] > _MOST * total else None


def deciding_sentence(summary: Sequence[ContenderSummary], baseline: str, score: Mapping[str, Score]) -> str | None:
    """What to know before the improvements are believed; None where no metric decides alone."""
    found = deciding_metric(summary, baseline, score)
    if found is None:
        return None
    name, part = found
    return (
        f"{name} decides: of the sizes of all changes, {percent(part)} are its own ({score[name].counts}). Say what a "
        f'change of it is worth beside the others, as `score={{"{name}": ml.Score("{score[name].direction}", '
        "unit=...)}`, or look at each metric by itself."
    )

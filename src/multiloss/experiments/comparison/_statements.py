"""The verdicts as a person reads them: one sentence each, or one for many that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._core.wording import signed_percent
from ..statistics import between
from ._contender_summary import ContenderSummary

# From this many contenders with one verdict on, a sentence for each repeats itself.
_MANY = 4


@dataclass(frozen=True)
class Statement:
    """A sentence and the verdict that it states."""

    verdict: str
    sentence: str


def statements(summary: Sequence[ContenderSummary], baseline: str) -> list[Statement]:
    """One sentence a contender, in the order of the summary; many that are like the baseline share one.

    What is better, worse or failed always has a sentence of its own.

    Args:
        summary: one line a contender.
        baseline: the label that the others are compared with.
    """
    alike = {
        word: [entry for entry in summary if entry.verdict == word and entry.improvement.mean is not None]
        for word in ("not distinguishable", "too few seeds")
    }
    folded = {word for word, entries in alike.items() if len(entries) >= _MANY}
    found: list[Statement] = []
    written: set[str] = set()
    for entry in summary:
        word = entry.verdict
        if word not in folded or entry.improvement.mean is None:
            found.append(Statement(word, entry.sentence))
        elif word not in written:
            written.add(word)
            found.append(Statement(word, _together(word, alike[word], baseline)))
    return found


def _together(word: str, entries: Sequence[ContenderSummary], baseline: str) -> str:
    if word == "too few seeds":
        listed = ", ".join(f"{entry.balancer} {signed_percent(entry.improvement.mean or 0.0)}" for entry in entries)
        return (
            f"Against {baseline}, in the one seed that was run: {listed}. One seed says nothing about chance; three or "
            "more are needed for a verdict."
        )
    listed = ", ".join(
        f"{entry.balancer} {signed_percent(entry.improvement.mean or 0.0)} ({between(entry.improvement.interval)})"
        for entry in entries
    )
    failed = sum(entry.failed for entry in entries)
    left_out = f" {failed} of their runs failed and {'is' if failed == 1 else 'are'} left out." if failed else ""
    return (
        f"{len(entries)} are not distinguishable from {baseline}, by their mean over the seeds and its 95 % "
        f"interval: {listed}.{left_out}"
    )

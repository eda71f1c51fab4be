"""The verdicts as a person reads them: one sentence each, or one for many that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..statistics import between, percent
from ._contender_summary import Standing

# From this many contenders with one verdict on, a sentence for each repeats itself.
_MANY = 4


@dataclass(frozen=True)
class Claim:
    """A sentence and the verdict that it states."""

    verdict: str
    sentence: str


def claims(summary: Sequence[Standing], baseline: str) -> list[Claim]:
    """One sentence a contender, in the order of the summary; many that cannot be told from the baseline share one.

    What is better, worse or failed always has a sentence of its own.

    Args:
        summary: one line a contender.
        baseline: the label that the others are compared with.
    """
    alike = {
        word: [standing for standing in summary if standing.verdict == word and standing.improvement.mean is not None]
        for word in ("not distinguishable", "too few seeds")
    }
    folded = {word for word, standings in alike.items() if len(standings) >= _MANY}
    found: list[Claim] = []
    told: set[str] = set()
    for standing in summary:
        word = standing.verdict
        if word not in folded or standing.improvement.mean is None:
            found.append(Claim(word, standing.sentence))
        elif word not in told:
            told.add(word)
            found.append(Claim(word, _together(word, alike[word], baseline)))
    return found


def _together(word: str, standings: Sequence[Standing], baseline: str) -> str:
    if word == "too few seeds":
        listed = ", ".join(f"{entry.balancer} {percent(entry.improvement.mean or 0.0)}" for entry in standings)
        return (
            f"Against {baseline}, in the one seed that was run: {listed}. One seed says nothing about chance; three or "
            "more are needed for a verdict."
        )
    listed = ", ".join(
        f"{entry.balancer} {percent(entry.improvement.mean or 0.0)} ({between(entry.improvement.interval)})"
        for entry in standings
    )
    failed = sum(entry.failed for entry in standings)
    left_out = f" {failed} of their runs failed and {'is' if failed == 1 else 'are'} left out." if failed else ""
    return (
        f"{len(standings)} are not distinguishable from {baseline}, by their mean over the seeds and its 95 % "
        f"interval: {listed}.{left_out}"
    )

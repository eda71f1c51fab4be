"""The verdict on a contender, no stronger than the runs allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..._core.wording import signed_percent
from ._interval import CONFIDENCE, Estimate


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on.

    Attributes:
        label: the contender.
        baseline: what it is compared with.
        gain: its improvement over the baseline, paired by seed.
        p_value: of the improvement, corrected for the number of comparisons; None with fewer than two seeds.
        comparisons: how many contenders are compared with the baseline.
        changes: the relative change of every score metric.
        finished: how many of its runs finished.
        seeds: how many there were.
        needed: how many would show a difference of this size; None where that cannot be said.
    """

    label: str
    baseline: str
    gain: Estimate
    p_value: float | None
    comparisons: int
    changes: Mapping[str, Estimate]
    finished: int
    seeds: int
    needed: int | None = None


def verdict(evidence: Evidence) -> str:
    """One of `"baseline"`, `"better"`, `"worse"`, `"not distinguishable"`, `"too few seeds"`, `"failed"`.

    Better or worse is said only when the corrected p value of the paired improvement is below 1 - `CONFIDENCE`.
    """
    if evidence.finished == 0:
        return "failed"
    if evidence.label == evidence.baseline:
        return "baseline"
    if evidence.p_value is None or evidence.gain.mean is None:
        return "too few seeds"
    if evidence.p_value >= 1.0 - CONFIDENCE:
        return "not distinguishable"
    return "better" if evidence.gain.mean > 0.0 else "worse"


def sentence(evidence: Evidence) -> str:
    """The verdict in words, with the numbers that it rests on."""
    word = verdict(evidence)
    text = _claim(word, evidence)
    if word in ("better", "worse", "not distinguishable"):
        text += _by_metric(evidence.changes)
    missing = evidence.seeds - evidence.finished
    if word != "failed" and missing:
        text += f" {missing} of {evidence.seeds} runs failed and {'is' if missing == 1 else 'are'} left out."
    return text


def between(interval: tuple[float, float] | None) -> str:
    """The two ends of an interval."""
    low, high = interval or (0.0, 0.0)
    return f"{signed_percent(low)} to {signed_percent(high)}"


def _claim(word: str, evidence: Evidence) -> str:
    label, baseline, gain = evidence.label, evidence.baseline, evidence.gain
    if word == "failed":
        return f"{label} did not finish a single run."
    if word == "baseline":
        return f"{label} is the baseline: the others are compared with it."
    if word == "too few seeds":
        if gain.mean is None:
            return f"{label} cannot be compared with {baseline}: no seed has a result of both."
        return (
            f"{label} against {baseline}: {signed_percent(gain.mean)} in the one seed that both finished. "
            "One seed says nothing about chance; three or more are needed for a verdict."
        )
    mean = signed_percent(gain.mean or 0.0)
    interval = f"{100 * CONFIDENCE:.0f} % interval {between(gain.interval)}"
    numbers = f"{mean} on average over {gain.count} seeds ({interval})"
    if word != "not distinguishable":
        doubt = gain.bootstrap is not None and not gain.resampled_excludes_zero()
        return f"{label} is {word} than {baseline}: {numbers}." + (_doubt(gain) if doubt else "")
    if gain.excludes_zero():
        return (
            f"{label} is not distinguishable from {baseline}: {numbers}. By itself this interval leaves out zero, but "
            f"among {evidence.comparisons} comparisons that comes by chance more often than 1 time in 20 "
            f"(p = {evidence.p_value:.2f} with Holm's correction).{_needed(evidence)}"
        )
    return (
        f"{label} is not distinguishable from {baseline}: {numbers}, which includes no change at all."
        f"{_needed(evidence)}"
    )


def _needed(evidence: Evidence) -> str:
    if evidence.needed is None or evidence.needed <= evidence.gain.count:
        return ""
    return f" A difference of this size would take about {evidence.needed} seeds to be shown."


def _doubt(gain: Estimate) -> str:
    return f" Resampling the seeds doubts it ({between(gain.bootstrap)}): a few seeds decide, so take more."


def _by_metric(changes: Mapping[str, Estimate]) -> str:
    parts = []
    for word, sign in (("better", 1.0), ("worse", -1.0)):
        names = [
            f"{name} ({signed_percent(change.mean)})"
            for name, change in changes.items()
            if change.mean is not None and change.excludes_zero() and change.mean * sign > 0.0
        ]
        if names:
            parts.append(f"{word} on {', '.join(names)}")
    return f" Metric by metric: {'; '.join(parts)}." if parts else ""

"""The verdict on a balancer, no stronger than the runs allow."""

from __future__ import annotations

from collections.abc import Mapping

from ._interval import CONFIDENCE, Estimate


def verdict(is_baseline: bool, finished: int, gain: Estimate) -> str:
    """One of `"baseline"`, `"better"`, `"worse"`, `"not distinguishable"`, `"too few seeds"`, `"failed"`.

    Better or worse is said only when the interval of the paired improvement lies wholly on one side of zero.

    Args:
        is_baseline: the balancer is what the others are compared with.
        finished: how many of its runs finished.
        gain: its improvement over the baseline, paired by seed.
    """
    if finished == 0:
        return "failed"
    if is_baseline:
        return "baseline"
    if gain.interval is None or gain.mean is None:
        return "too few seeds"
    if not gain.excludes_zero():
        return "not distinguishable"
    return "better" if gain.mean > 0.0 else "worse"


def sentence(
    word: str,
    label: str,
    baseline: str,
    gain: Estimate,
    changes: Mapping[str, Estimate],
    *,
    finished: int,
    seeds: int,
) -> str:
    """The verdict in words, with the numbers that it rests on.

    Args:
        word: from `verdict`.
        label: the balancer.
        baseline: what it is compared with.
        gain: its improvement.
        changes: the relative change of every score metric.
        finished: how many of its runs finished.
        seeds: how many there were.
    """
    text = _claim(word, label, baseline, gain)
    if word in ("better", "worse", "not distinguishable"):
        text += _by_metric(changes)
    if word != "failed" and finished < seeds:
        text += f" {seeds - finished} of {seeds} runs failed and {'is' if seeds - finished == 1 else 'are'} left out."
    return text


def percent(value: float) -> str:
    """A relative change with its sign, as in "+12.3 %"; a true minus sign."""
    return f"{100.0 * value:+.1f} %".replace("-", "−")


def _claim(word: str, label: str, baseline: str, gain: Estimate) -> str:
    if word == "failed":
        return f"{label} did not finish a single run."
    if word == "baseline":
        return f"{label} is the baseline: the others are compared with it."
    if word == "too few seeds":
        if gain.mean is None:
            return f"{label} cannot be compared with {baseline}: no seed has a result of both."
        return (
            f"{label} against {baseline}: {percent(gain.mean)} in the one seed that both finished. "
            "One seed says nothing about chance; three or more are needed for a verdict."
        )
    mean = percent(gain.mean or 0.0)
    low, high = gain.interval or (0.0, 0.0)
    interval = f"{100 * CONFIDENCE:.0f} % interval {percent(low)} to {percent(high)}"
    numbers = f"{mean} on average over {gain.count} seeds ({interval})"
    if word == "not distinguishable":
        return f"{label} is not distinguishable from {baseline}: {numbers}, which includes no change at all."
    return f"{label} is {word} than {baseline}: {numbers}."


def _by_metric(changes: Mapping[str, Estimate]) -> str:
    parts = []
    for word, sign in (("better", 1.0), ("worse", -1.0)):
        names = [
            f"{name} ({percent(change.mean)})"
            for name, change in changes.items()
            if change.mean is not None and change.excludes_zero() and change.mean * sign > 0.0
        ]
        if names:
            parts.append(f"{word} on {', '.join(names)}")
    return f" Metric by metric: {'; '.join(parts)}." if parts else ""

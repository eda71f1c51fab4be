"""What a search found, in words that claim no more than its trials allow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..defaults import FIXED
from ..statistics import percent

if TYPE_CHECKING:
    from ._tuning import Tuning

FOUND = "found"
# Below this many seeds an interval is very wide.
_FEW_SEEDS = 5
# A best weight this close to an end of its range (in the share of the range) says that the range is too narrow.
_EDGE = 0.02


def verdict(tuning: Tuning) -> str:
    """One word for whether the found point is better than the baseline."""
    if tuning.best is None:
        return "failed"
    if tuning.best.role == tuning.baseline:
        return "nothing better"
    return tuning.standing.verdict if tuning.standing else "not confirmed"


def headline(tuning: Tuning) -> str:
    """The outcome in one sentence, with its numbers."""
    word, base = verdict(tuning), tuning.baseline
    what, verb = _found(tuning)
    if word == "failed" and tuning.best is None:
        return f"No trial finished: {tuning.trials[0].error}" if tuning.trials else "No trial was run."
    if word == "nothing better":
        return f"Nothing better than {base} was found in {_count(len(tuning.trials), 'trial')}."
    if word == "not confirmed":
        return f"{what} did best in the search{_gain(tuning)}; that was not confirmed on fresh seeds."
    standing = tuning.standing
    assert standing is not None
    if word in ("failed", "too few seeds") or standing.improvement.mean is None:
        gain = "" if standing.improvement.mean is None else f" ({percent(standing.improvement.mean)})"
        why = "its runs failed" if word == "failed" else "one seed says nothing about chance"
        return f"{what} could not be confirmed: {why}{gain}."
    seeds = _count(standing.improvement.count, "fresh seed")
    low, high = standing.improvement.interval or (0.0, 0.0)
    numbers = f"{percent(standing.improvement.mean)} over {seeds} (95 % interval {percent(low)} to {percent(high)})"
    if word == "not distinguishable":
        why = (
            "chance alone would do as much, with as many comparisons"
            if standing.improvement.excludes_zero()
            else "which includes no change at all"
        )
        return f"{what} cannot be told from {base}: {numbers}, {why}."
    return f"{what} {verb} {word} than {base}: {numbers}."


def by_metric(tuning: Tuning) -> str:
    """Which metrics are better and which are worse on the fresh seeds; empty where none is clear."""
    standing, parts = tuning.standing, []
    for word, sign in (("better", 1.0), ("worse", -1.0)):
        names = [
            f"{name} ({percent(change.mean)})"
            for name, change in (standing.changes if standing else {}).items()
            if change.mean is not None and change.excludes_zero() and change.mean * sign > 0.0
        ]
        if names:
            parts.append(f"{word} on {', '.join(names)}")
    return f"Metric by metric: {'; '.join(parts)}." if parts and len(tuning.objective.metrics) > 1 else ""


def next_steps(tuning: Tuning) -> list[str]:
    """What a person should do next, most important first; code stands in backticks."""
    word, steps = verdict(tuning), []
    failed = [trial for trial in tuning.trials if trial.state == "failed"]
    if tuning.best is None:
        return ["Look at the messages of the failed trials below. `multiloss diagnose` looks at the losses beforehand."]
    if word == "better":
        steps.append(
            "Use the code above. It holds for this model, these data and this number of epochs: search again when "
            "they change."
        )
    elif word == "not confirmed":
        steps.append(
            "Confirm it before you rely on it: the same call with `confirm_seeds=5` (`--seeds 5`) trains only the "
            "confirmation. Of many trials the best is partly the luckiest."
        )
    elif word in ("nothing better", "not distinguishable"):
        steps.append(
            f"Keep {tuning.baseline}: nothing is shown to be better. More trials (`--trials`) continue this search; "
            "the finished ones are kept."
        )
    elif word == "too few seeds":
        steps.append(f"Confirm it on more seeds: `confirm_seeds={_FEW_SEEDS}` (`--seeds {_FEW_SEEDS}`).")
    elif word == "failed":
        steps.append("The runs that should confirm it failed: their messages are in `confirmation/results.json`.")
    elif word == "worse":
        steps.append(f"Keep {tuning.baseline}: what the search chose was luck with its one seed.")
    if edge := at_the_edge(tuning):
        steps.append(
            f"Widen the range of {', '.join(edge)}: the best value lies at its end. As in "
            f"`search={{'weights': {{'{edge[0]}': (1e-6, 1.0)}}}}`."
        )
    standing = tuning.standing
    if standing and word == "not distinguishable" and standing.improvement.count < 2 * _FEW_SEEDS:
        steps.append("Raise `--seeds` for the confirmation: with more of them a smaller difference shows.")
    if failed:
        steps.append(f"{_count(len(failed), 'trial')} failed by themselves: their messages are in the table below.")
    if tuning.objective.pareto:
        steps.append(
            "The knee is one choice among the front. Choose another trial of the front if one metric matters more to "
            "you: its code is `tuning.code(trial)`."
        )
    return steps


def at_the_edge(tuning: Tuning) -> list[str]:
    """The terms whose best ratio lies at an end of its range."""
    best, ranges = tuning.best, tuning.settings.get("ranges", {})
    if best is None or best.role == tuning.baseline:
        return []
    weights = best.candidate.weights
    return [term for term, entry in ranges.items() if term in weights and _is_edge(weights, term, entry)]


def _is_edge(weights: Any, term: str, entry: Any) -> bool:
    if not entry or "reference" not in entry:
        return False
    ratio = weights[term] / weights[entry["reference"]]
    place = math.log(ratio / entry["low"]) / math.log(entry["high"] / entry["low"])
    return place < _EDGE or place > 1.0 - _EDGE


def _found(tuning: Tuning) -> tuple[str, str]:
    """The found point as a subject, and its "is"."""
    point = tuning.best.candidate if tuning.best else None
    knee = " (at the knee of the front)" if tuning.objective.pareto else ""
    if point is not None and point.balancer != FIXED:
        return f"The balancer {point.balancer}{' with the found weights' if point.weights else ''}{knee}", "is"
    return f"The found weights{knee}", "are"


def _gain(tuning: Tuning) -> str:
    best, base = tuning.best, tuning.baseline_trial
    if best is None or tuning.objective.pareto or not best.values:
        return ""
    if tuning.objective.relative:
        return f" ({percent(best.values[0])} against {tuning.baseline})"
    name = next(iter(tuning.objective.metrics))
    against = f" against {base.values[0]:.4g} with {tuning.baseline}" if base else ""
    return f" ({name} {best.values[0]:.4g}{against})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

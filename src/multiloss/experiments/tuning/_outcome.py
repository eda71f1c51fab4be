"""What a search found, in words that claim no more than its trials allow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._core.wording import counted, signed_percent
from ..comparison import ContenderSummary
from ..defaults import FIXED
from ..statistics import between
from ._objective import TrialObjective
from ._record import OWN, TrialRecord

FOUND = "found"
# Below this many seeds an interval is very wide.
_FEW_SEEDS = 5
# A best weight this close to an end of its range (in the share of the range) says that the range is too narrow.
_EDGE = 0.02


@dataclass(frozen=True)
class Outcome:
    """What the words rest on.

    Attributes:
        trials: every one of the search.
        objective: what judged them.
        baseline: the role of the trial that the others are compared with.
        baseline_trial: that trial, when it finished.
        best: the best finished trial.
        confirmed: what the fresh seeds say of the best; None without a confirmation.
        ranges: term to its searched range, as `tune` stores it.
    """

    trials: Sequence[TrialRecord]
    objective: TrialObjective
    baseline: str
    baseline_trial: TrialRecord | None
    best: TrialRecord | None
    confirmed: ContenderSummary | None
    ranges: Mapping[str, Any]


def verdict(outcome: Outcome) -> str:
    """One word for whether the found point is better than the baseline."""
    if outcome.best is None:
        return "failed"
    if outcome.best.role == outcome.baseline:
        return "nothing better"
    return outcome.confirmed.verdict if outcome.confirmed else "not confirmed"


def headline(outcome: Outcome) -> str:
    """The outcome in one sentence, with its numbers."""
    word, base = verdict(outcome), outcome.baseline
    what, verb = _found(outcome)
    if word == "failed" and outcome.best is None:
        return f"No trial finished: {outcome.trials[0].error}" if outcome.trials else "No trial was run."
    if word == "nothing better":
        return f"Nothing better than {base} was found in {counted(len(outcome.trials), 'trial')}."
    if word == "not confirmed":
        return f"{what} did best in the search{_gain(outcome)}; that was not confirmed on fresh seeds."
    confirmed = outcome.confirmed
    assert confirmed is not None
    if word in ("failed", "too few seeds") or confirmed.improvement.mean is None:
        gain = "" if confirmed.improvement.mean is None else f" ({signed_percent(confirmed.improvement.mean)})"
        why = "its runs failed" if word == "failed" else "one seed says nothing about chance"
        return f"{what} could not be confirmed: {why}{gain}."
    seeds = counted(confirmed.improvement.count, "fresh seed")
    low, high = confirmed.improvement.interval or (0.0, 0.0)
    numbers = f"{signed_percent(confirmed.improvement.mean)} over {seeds} (95 % interval {between((low, high))})"
    if word == "not distinguishable":
        why = (
            "chance alone would do as much, with as many comparisons"
            if confirmed.improvement.excludes_zero()
            else "which includes no change at all"
        )
        return f"{what} cannot be distinguished from {base}: {numbers}, {why}."
    return f"{what} {verb} {word} than {base}: {numbers}."


def by_metric(outcome: Outcome) -> str:
    """Which metrics are better and which are worse on the fresh seeds; empty where none is clear."""
    confirmed, parts = outcome.confirmed, []
    for word, sign in (("better", 1.0), ("worse", -1.0)):
        names = [
            f"{name} ({signed_percent(change.mean)})"
            for name, change in (confirmed.changes if confirmed else {}).items()
            if change.mean is not None and change.excludes_zero() and change.mean * sign > 0.0
        ]
        if names:
            parts.append(f"{word} on {', '.join(names)}")
    return f"Metric by metric: {'; '.join(parts)}." if parts and len(outcome.objective.metrics) > 1 else ""


def next_steps(outcome: Outcome) -> list[str]:
    """What a person should do next, most important first; code stands in backticks."""
    word, steps = verdict(outcome), []
    failed = [trial for trial in outcome.trials if trial.state == "failed"]
    if outcome.best is None:
        return ["Look at the messages of the failed trials below. `multiloss diagnose` looks at the losses beforehand."]
    if word == "better" and outcome.best.role == OWN:
        steps.append("Keep your own weights: the search has found none that did better than they.")
    elif word == "better":
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
            f"Keep {outcome.baseline}: nothing is shown to be better. More trials (`--trials`) continue this search; "
            "the finished ones are kept."
        )
    elif word == "too few seeds":
        steps.append(f"Confirm it on more seeds: `confirm_seeds={_FEW_SEEDS}` (`--seeds {_FEW_SEEDS}`).")
    elif word == "failed":
        steps.append("The runs that should confirm it failed: their messages are in `confirmation/results.json`.")
    elif word == "worse":
        steps.append(f"Keep {outcome.baseline}: what the search chose was luck with its one seed.")
    if edge := at_the_edge(outcome):
        steps.append(
            f"Widen the range of {', '.join(edge)}: the best value lies at its end. As in "
            f"`search={{'weights': {{'{edge[0]}': (1e-6, 1.0)}}}}`."
        )
    confirmed = outcome.confirmed
    if confirmed and word == "not distinguishable" and confirmed.improvement.count < 2 * _FEW_SEEDS:
        steps.append("Raise `--seeds` for the confirmation: with more of them a smaller difference shows.")
    if failed:
        steps.append(f"{counted(len(failed), 'trial')} failed by themselves: their messages are in the table below.")
    if outcome.objective.pareto:
        steps.append(
            "The knee is one choice among the front. Choose another trial of the front if one metric matters more to "
            "you: its code is `tuning.code(trial)`."
        )
    return steps


def at_the_edge(outcome: Outcome) -> list[str]:
    """The terms whose best ratio lies at an end of its range."""
    best, ranges = outcome.best, outcome.ranges
    if best is None or best.role == outcome.baseline:
        return []
    weights = best.candidate.weights
    return [term for term, entry in ranges.items() if term in weights and _is_edge(weights, term, entry)]


def _is_edge(weights: Any, term: str, entry: Any) -> bool:
    if not entry or "reference" not in entry:
        return False
    ratio = weights[term] / weights[entry["reference"]]
    place = math.log(ratio / entry["low"]) / math.log(entry["high"] / entry["low"])
    return place < _EDGE or place > 1.0 - _EDGE


def _found(outcome: Outcome) -> tuple[str, str]:
    """The found point as a subject, and its "is"."""
    point = outcome.best.candidate if outcome.best else None
    if outcome.best and outcome.best.role == OWN:
        return "Your own weights", "are"
    knee = " (at the knee of the front)" if outcome.objective.pareto else ""
    if point is not None and point.balancer != FIXED:
        return f"The balancer {point.balancer}{' with the found weights' if point.weights else ''}{knee}", "is"
    return f"The found weights{knee}", "are"


def _gain(outcome: Outcome) -> str:
    best, base = outcome.best, outcome.baseline_trial
    if best is None or outcome.objective.pareto or not best.values:
        return ""
    if outcome.objective.relative:
        return f" ({signed_percent(best.values[0])} against {outcome.baseline})"
    name = next(iter(outcome.objective.metrics))
    against = f" against {base.values[0]:.4g} with {outcome.baseline}" if base else ""
    return f" ({name} {best.values[0]:.4g}{against})"

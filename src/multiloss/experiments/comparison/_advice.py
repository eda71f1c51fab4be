"""What the summary means in one line, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._core.wording import listed
from ..defaults import TUNED
from ._contender_summary import ContenderSummary

# Below this many seeds an interval is very wide: t(2 degrees) = 4.3, t(4) = 2.8.
_FEW_SEEDS = 5
# A step that takes this much longer is worth a word.
_SLOW = 1.3


def headline(summary: Sequence[ContenderSummary], baseline: str, beats_tuned: Sequence[str] = ()) -> str:
    """The outcome in one line.

    Args:
        summary: one line a contender.
        baseline: the label that the others are compared with.
        beats_tuned: those that are shown to be better than the tuned fixed weights.
    """
    others = [entry for entry in summary if entry.balancer != baseline]
    base = next((entry for entry in summary if entry.balancer == baseline), None)
    if base is None or base.finished == 0:
        return f"The baseline {baseline} did not finish, so nothing can be compared."
    if not others:
        return f"Only {baseline} was run: there is nothing to compare it with."
    if all(entry.verdict == "failed" for entry in others):
        return f"None but {baseline} finished a run."
    if all(entry.verdict in ("too few seeds", "failed") for entry in others):
        return "Too few seeds for a verdict: the differences may be chance."
    words = {word: [entry.balancer for entry in others if entry.verdict == word] for word in ("better", "worse")}
    if not words["better"] and not words["worse"]:
        return f"None is distinguishable from {baseline}."
    parts = [
        f"{_listed(names)} better" if word == "better" else f"{_listed(names)} worse"
        for word, names in words.items()
        if names
    ]
    return f"{'; '.join(parts)} than {baseline}.{_beside_tuned(summary, words['better'], beats_tuned)}"


def _beside_tuned(summary: Sequence[ContenderSummary], better: Sequence[str], beats_tuned: Sequence[str]) -> str:
    """Better than a guess is not much: what remains beside fixed weights that a short search found."""
    balancers = [label for label in better if label != TUNED]
    if not balancers or not any(entry.balancer == TUNED and entry.finished for entry in summary):
        return ""
    above = [label for label in balancers if label in beats_tuned]
    if above:
        return f" {_listed(above)} better than tuned fixed weights as well."
    whom = f"{balancers[0]} is not" if len(balancers) == 1 else "None of them is"
    return f" {whom} shown to be better than tuned fixed weights."


def next_steps(
    summary: Sequence[ContenderSummary],
    baseline: str,
    settings: Mapping[str, Any],
    falling: bool,
    beats_tuned: Sequence[str] = (),
) -> list[str]:
    """What a person should do next, most important first; code stands in backticks.

    Args:
        summary: one line a balancer.
        baseline: the label that the others are compared with.
        settings: of the comparison.
        falling: most runs were still getting better when they ended.
        beats_tuned: those that are shown to be better than the tuned fixed weights.
    """
    others = [entry for entry in summary if entry.balancer != baseline]
    steps: list[str] = []
    if any(entry.failed for entry in summary):
        steps.append(
            "Look at the failed runs below: their messages name the term and the likely cause. "
            "`multiloss diagnose` looks at the losses before training."
        )
    if falling:
        steps.append(
            "Train longer: most runs had their lowest validation loss in the last epoch, and an order among half-"
            "trained models may turn round. Raise "
            f"{'`--budget`' if _in_seconds(settings) else '`--epochs`'}."
        )
    better = [entry for entry in others if entry.verdict == "better"]
    tuned = next((entry for entry in better if entry.balancer == TUNED), None)
    above = [entry for entry in better if entry.balancer in beats_tuned]
    if above:
        steps.append(_use(above[0], settings, f"better than {baseline}, and than tuned fixed weights"))
    elif tuned:
        steps.append(_use_weights(better, settings, baseline))
    elif better:
        steps.append(_use(better[0], settings, "the best of those that are shown to be better"))
    elif others:
        steps.append(
            f"Keep {baseline} unless more seeds say otherwise: none of the others is shown to be better. Then try "
            "other weights for it (`loss_weights=`); well-chosen fixed weights are often as good as any method "
            "(arXiv:2201.04122)."
        )
    ranked = [entry for entry in summary if entry.mean_rank is not None and entry.rank is not None]
    first = min(ranked, key=lambda entry: entry.mean_rank or 0.0, default=None)
    if first is not None and first.rank != 1 and (first.mean_rank or 0.0) < (ranked[0].mean_rank or 0.0):
        steps.append(
            f"Say which metric matters: {first.balancer} has the best mean rank ({first.mean_rank:.1f}), "
            f"{ranked[0].balancer} the best mean improvement. One gains much in some metrics and loses in others."
        )
    counts = [entry.improvement.count for entry in others]
    if counts and min(counts) < _FEW_SEEDS:
        steps.append(
            f"Raise `--seeds` to {_FEW_SEEDS} or more before you rely on it: with few seeds the intervals are wide. "
            "Finished runs are kept, only the new ones are trained."
        )
    return steps


def _use(entry: ContenderSummary, settings: Mapping[str, Any], why: str) -> str:
    name = settings.get("balancers", {}).get(entry.balancer, {}).get("name")
    how = f'`ml.compile(..., balancer="{name}")`' if name == entry.balancer else f"the balancer {entry.balancer}"
    cost = ""
    if entry.slowdown is not None and entry.slowdown > _SLOW:
        cost = f" A step takes {entry.slowdown:.1f} times as long"
        cost += "." if settings.get("budget") == "time" else ", so compare at equal time as well: `--budget time`."
    return f"Use {how}: it is {why}.{cost}"


def _use_weights(better: Sequence[ContenderSummary], settings: Mapping[str, Any], baseline: str) -> str:
    weights = settings.get("balancers", {}).get(TUNED, {}).get("loss_weights", {})
    displayed = {name: float(f"{value:.4g}") for name, value in weights.items() if isinstance(value, int | float)}
    others = [entry.balancer for entry in better if entry.balancer != TUNED]
    beside = f", {_listed(others)} not shown to be better than they" if others else ""
    return (
        f"Use the tuned fixed weights, `ml.compile(..., loss_weights={displayed})`: they are better than {baseline}"
        f"{beside}, and they cost nothing in a step. `multiloss tune` searches further, and confirms on fresh seeds."
    )


def _in_seconds(settings: Mapping[str, Any]) -> bool:
    return settings.get("budget", "epochs") not in ("epochs", "time")


def _listed(names: Sequence[str]) -> str:
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"

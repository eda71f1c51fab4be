"""What the summary means in one line, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._interval import CONFIDENCE
from ._summary import Standing

# Below this many seeds an interval is very wide: t(2 degrees) = 4.3, t(4) = 2.8.
_FEW_SEEDS = 5
# A step that takes this much longer is worth a word.
_SLOW = 1.3


def headline(summary: Sequence[Standing], baseline: str) -> str:
    """The outcome in one line."""
    others = [standing for standing in summary if standing.balancer != baseline]
    base = next((standing for standing in summary if standing.balancer == baseline), None)
    if base is None or base.finished == 0:
        return f"The baseline {baseline} did not finish, so nothing can be compared."
    if not others:
        return f"Only {baseline} was run: there is nothing to compare it with."
    if all(standing.verdict == "failed" for standing in others):
        return f"No balancer but {baseline} finished a run."
    if all(standing.verdict in ("too few seeds", "failed") for standing in others):
        return "Too few seeds for a verdict: the differences may be chance."
    words = {word: [entry.balancer for entry in others if entry.verdict == word] for word in ("better", "worse")}
    if not words["better"] and not words["worse"]:
        return f"No balancer is distinguishable from {baseline}."
    claims = [
        f"{_listed(names)} better" if word == "better" else f"{_listed(names)} worse"
        for word, names in words.items()
        if names
    ]
    return f"{'; '.join(claims)} than {baseline}."


def next_steps(summary: Sequence[Standing], baseline: str, settings: Mapping[str, Any], falling: bool) -> list[str]:
    """What a person should do next, most important first; code stands in backticks.

    Args:
        summary: one line a balancer.
        baseline: the label that the others are compared with.
        settings: of the comparison.
        falling: most runs were still getting better when they ended.
    """
    others = [standing for standing in summary if standing.balancer != baseline]
    steps: list[str] = []
    if any(standing.failed for standing in summary):
        steps.append(
            "Look at the failed runs below: their messages name the term and the likely cause. "
            "`multiloss diagnose` looks at the losses before training."
        )
    if falling:
        steps.append(
            "Train longer: most runs had their lowest validation loss in the last epoch, and an order among "
            "half-trained models may turn round. Raise `--epochs`."
        )
    better = [standing for standing in others if standing.verdict == "better"]
    if better:
        steps.append(_use(better[0], settings))
    elif others:
        steps.append(
            f"Keep {baseline} unless more seeds say otherwise: none of the others is shown to be better. Then try "
            "other weights for it (`loss_weights=`); well-chosen fixed weights are often as good as any method "
            "(arXiv:2201.04122)."
        )
    counts = [standing.improvement.count for standing in others]
    if counts and min(counts) < _FEW_SEEDS:
        steps.append(
            f"Raise `--seeds` to {_FEW_SEEDS} or more before you rely on it: with few seeds the intervals are wide. "
            "Finished runs are kept, only the new ones are trained."
        )
    return steps


def false_alarm(summary: Sequence[Standing], baseline: str) -> float | None:
    """The chance that at least one verdict is wrong when no balancer differs from the baseline.

    1 - confidence^m for m verdicts, taken as independent; None without a verdict.
    """
    verdicts = sum(standing.improvement.interval is not None for standing in summary if standing.balancer != baseline)
    return 1.0 - CONFIDENCE**verdicts if verdicts else None


def _use(standing: Standing, settings: Mapping[str, Any]) -> str:
    name = settings.get("balancers", {}).get(standing.balancer, {}).get("name")
    how = f'`ml.compile(..., balancer="{name}")`' if name == standing.balancer else f"the balancer {standing.balancer}"
    cost = ""
    if standing.slowdown is not None and standing.slowdown > _SLOW:
        cost = f" A step takes {standing.slowdown:.1f} times as long, so compare at equal time as well."
    return f"Use {how}: it is the best of those that are shown to be better.{cost}"


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{', '.join(names[:-1])} and {names[-1]} are"

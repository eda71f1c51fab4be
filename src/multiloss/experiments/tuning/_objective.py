"""What judges a trial: metrics, and never a loss that the searched weights themselves change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..._core.errors import invalid, unknown_name
from ...problems import Problem, Score
from ..statistics import improvement

DIRECTIONS = {"max": "maximize", "min": "minimize"}
# Logs that the weights of the losses are part of.
_WEIGHTED = ("loss", "objective")


@dataclass(frozen=True)
class TrialObjective:
    """The metrics that judge a trial.

    Attributes:
        metrics: validation metric, without `val_`, to `Score`.
        pareto: each metric is an objective of its own.
    """

    metrics: Mapping[str, Score]
    pareto: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", {name: Score.read(given) for name, given in self.metrics.items()})

    @property
    def relative(self) -> bool:
        """Whether a trial's value is its mean relative improvement over the baseline: with several metrics in one."""
        return len(self.metrics) > 1 and not self.pareto

    @property
    def directions(self) -> list[str]:
        """Optuna's word for each objective."""
        return ["maximize"] if self.relative else [DIRECTIONS[score.direction] for score in self.metrics.values()]

    def values(self, metrics: Mapping[str, Any], baseline: Mapping[str, Any] | None) -> list[float] | None:
        """The objectives of a trial with these metrics; None where they cannot be known.

        Args:
            metrics: of the trial, without `val_`.
            baseline: those of the trial with equal weights; only read where the value is relative to it.
        """
        if self.relative:
            gain = improvement(metrics, baseline or {}, self.metrics)
            return None if gain is None else [gain]
        found = [metrics.get(name) for name in self.metrics]
        return None if any(value is None for value in found) else [float(value) for value in found]  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """The objective as plain data."""
        return {"metrics": {name: score.to_plain() for name, score in self.metrics.items()}, "pareto": self.pareto}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Makes the objective from `to_dict`."""
        return cls(data["metrics"], data["pareto"])

    @property
    def title(self) -> str:
        """What the objective is called in tables and on axes."""
        if self.relative:
            return "mean relative improvement over equal weights"
        return ", ".join(self.metrics)


def read_objective(problem: Problem, objective: Any, pareto: bool) -> TrialObjective:
    """Reads `objective=`: None for the problem's score, names, or a mapping of names to directions or `Score`.

    Raises:
        ValueError: for a loss that the weights are part of, a name without a direction, and a Pareto search with one
            metric.
    """
    if objective is None:
        metrics = dict(problem.score)
    elif isinstance(objective, Mapping):
        what = "The direction of {!r} in `objective`"
        metrics = {str(name): Score.of(given, what.format(name)) for name, given in objective.items()}
    elif isinstance(objective, str) or (isinstance(objective, list | tuple) and objective):
        names = [name.strip() for name in objective.split(",")] if isinstance(objective, str) else list(objective)
        metrics = {name: _known(problem, name) for name in names}
    else:
        raise invalid(
            "`objective` must be None, a metric's name, several, or a dict of name to direction", received=objective
        )
    for name in metrics:
        _refuse_weighted(name)
    if not metrics or (pareto and len(metrics) < 2):
        raise invalid(
            "A Pareto search needs at least two metrics" if pareto else "`objective` must name a metric",
            received=", ".join(metrics) or "none",
            fix="With one, use method='bayesian'." if pareto else "",
        )
    return TrialObjective(metrics, pareto)


def _known(problem: Problem, name: str) -> Score:
    _refuse_weighted(name)
    if name in problem.score:
        return problem.score[name]
    if name.endswith("_loss"):
        return Score("min")
    raise unknown_name(
        "objective",
        name,
        problem.score,
        f"For a metric outside the problem's score, say which way is better: {{{name!r}: 'max'}}.",
    )


def _refuse_weighted(name: Any) -> None:
    bare = str(name).removeprefix("val_")
    if bare in _WEIGHTED or bare.endswith(("_weight", "_labelled")):
        raise invalid(
            f"{str(name)!r} cannot judge a search of weights: the weights are part of it, so the smallest weights "
            "would win without any better model",
            received=str(name),
            fix="Name a metric of the problem's score, or the raw loss of one term, as 'label_loss'.",
        )
    if bare != str(name):
        raise invalid("`objective` names metrics without the prefix 'val_'", received=str(name), fix=f"Write {bare!r}.")

"""The result of a search: its trials, the best of them, and whether it held on fresh seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from ..._core.results import Rows, StoredResult
from ..._core.strict_json import plain
from ..comparison import Comparison, ContenderSummary
from ._front import hypervolume, knee, non_dominated
from ._objective import TrialObjective
from ._outcome import FOUND, Outcome, by_metric, headline, next_steps, verdict
from ._record import TrialRecord
from ._table import trial_rows


@dataclass(frozen=True)
class Tuning(StoredResult):
    """What `tune` found.

    Attributes:
        problem: the problem's name.
        method: of the search.
        objective: what judged the trials.
        trials: every trial, in the order of their numbers.
        baseline: the role of the trial that the others are compared with, as "equal weights".
        settings: epochs, seed, ranges, versions, and what else is needed to do it again.
        importance: weight or choice to its share in the objective's variation, largest first.
        importance_method: how it was measured; None where it was not.
        codes: trial number to the arguments of `ml.compile` that it stands for.
        confirmation: the best point against the baseline on fresh seeds; None where that was not asked for, or where
            no trial was better.
        description: what the problem is.
    """

    verb: ClassVar[str] = "tune"
    key: ClassVar[str] = "trials"

    problem: str
    method: str
    objective: TrialObjective
    trials: Sequence[TrialRecord]
    baseline: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    importance_method: str | None = None
    codes: Mapping[int, str] = field(default_factory=dict)
    confirmation: Comparison | None = None
    description: str = ""

    @property
    def finished(self) -> list[TrialRecord]:
        """The trials that reached their last epoch."""
        return [trial for trial in self.trials if trial.finished]

    @property
    def baseline_trial(self) -> TrialRecord | None:
        """The finished trial with equal weights."""
        return next((trial for trial in self.finished if trial.role == self.baseline), None)

    @property
    def best(self) -> TrialRecord | None:
        """The best finished trial, of a Pareto search the knee of the front; None without a finished trial."""
        if self.objective.pareto:
            return self.knee
        if not self.finished:
            return None
        # The first of equals: the baseline where nothing is better.
        return min(self.finished, key=lambda trial: self._losses(trial)[0])

    @property
    def best_weights(self) -> dict[str, float]:
        """Searched term to its best weight; empty where weights were not searched."""
        return dict(self.best.candidate.weights) if self.best else {}

    @property
    def best_loss_weights(self) -> dict[str, Any] | None:
        """What `loss_weights=` must be: the best weights, and the user's own for the terms that were not searched.

        None where weights were not searched.
        """
        return {**self.settings.get("kept_weights", {}), **self.best_weights} if self.best_weights else None

    @property
    def best_balancer(self) -> str:
        """The best balancer's label."""
        return self.best.candidate.balancer if self.best else "fixed"

    @property
    def best_parameters(self) -> dict[str, Any]:
        """The searched parameters of the best balancer."""
        return dict(self.best.candidate.parameters) if self.best else {}

    @property
    def front(self) -> list[TrialRecord]:
        """The trials that no other one beats in every objective, by the first objective; empty for one objective."""
        if not self.objective.pareto or not self.finished:
            return []
        places = non_dominated([self._losses(trial) for trial in self.finished])
        return sorted((self.finished[place] for place in places), key=lambda trial: trial.values)

    @property
    def knee(self) -> TrialRecord | None:
        """The trial of the front that is recommended; see `knee` in the docs of `tune`."""
        return self.front[knee([self._losses(trial) for trial in self.front])] if self.front else None

    @property
    def hypervolume(self) -> float | None:
        """How much of the box from the worst to the best value of each objective the front dominates, from 0 to 1."""
        if not self.front:
            return None
        losses = [self._losses(trial) for trial in self.finished]
        columns = [(min(column), max(column)) for column in zip(*losses, strict=True)]
        varied = [place for place, (low, high) in enumerate(columns) if high > low]
        if not varied:
            return None
        scaled = [
            [(loss[place] - columns[place][0]) / (columns[place][1] - columns[place][0]) for place in varied]
            for loss in losses
        ]
        return hypervolume(scaled, [1.0] * len(varied))

    def _losses(self, trial: TrialRecord) -> list[float]:
        return [
            -value if way == "maximize" else value
            for value, way in zip(trial.values, self.objective.directions, strict=True)
        ]

    @property
    def confirmed(self) -> ContenderSummary | None:
        """What the confirmation says of the found point; None without one."""
        summary = self.confirmation.summary if self.confirmation else []
        return next((entry for entry in summary if entry.balancer == FOUND), None)

    def _outcome(self) -> Outcome:
        return Outcome(
            trials=self.trials,
            objective=self.objective,
            baseline=self.baseline,
            baseline_trial=self.baseline_trial,
            best=self.best,
            confirmed=self.confirmed,
            ranges=self.settings.get("ranges", {}),
        )

    @property
    def verdict(self) -> str:
        """`"better"`, `"worse"`, `"not distinguishable"`, `"too few seeds"`, `"failed"`, `"nothing better"` or
        `"not confirmed"`.
        """
        return verdict(self._outcome())

    @property
    def headline(self) -> str:
        """The outcome in one sentence, with its interval."""
        return headline(self._outcome())

    @property
    def by_metric(self) -> str:
        """Which metrics are better and which are worse on the fresh seeds; empty where none is clear."""
        return by_metric(self._outcome())

    @property
    def next_steps(self) -> list[str]:
        """What to do next, most important first; code stands in backticks."""
        return next_steps(self._outcome())

    def code(self, trial: TrialRecord | None = None) -> str:
        """The best point, or that of another trial, as code to paste."""
        trial = self.best if trial is None else trial
        return self.codes.get(trial.number, "") if trial else ""

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data that strict JSON can hold."""
        return plain(
            {
                "problem": self.problem,
                "description": self.description,
                "method": self.method,
                "objective": self.objective.to_dict(),
                "baseline": self.baseline,
                "headline": self.headline,
                "verdict": self.verdict,
                "best": {
                    "trial": self.best.number if self.best else None,
                    "weights": self.best_weights,
                    "balancer": self.best_balancer,
                    "parameters": self.best_parameters,
                    "code": self.code(),
                },
                "importance": self.importance,
                "importance_method": self.importance_method,
                "front": [trial.number for trial in self.front],
                "knee": self.knee.number if self.knee else None,
                "hypervolume": self.hypervolume,
                "settings": self.settings,
                "trials": [{**trial.to_dict(), "code": self.codes.get(trial.number, "")} for trial in self.trials],
                "confirmation": self.confirmation.to_dict() if self.confirmation else None,
            }
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Makes the result from `to_dict`."""
        confirmation = data.get("confirmation")
        return cls(
            problem=data["problem"],
            method=data["method"],
            objective=TrialObjective.from_dict(data["objective"]),
            trials=tuple(TrialRecord.from_dict(trial) for trial in data["trials"]),
            baseline=data["baseline"],
            settings=data["settings"],
            importance=data["importance"],
            importance_method=data["importance_method"],
            codes={trial["number"]: trial["code"] for trial in data["trials"]},
            confirmation=Comparison.from_dict(confirmation) if confirmation else None,
            description=data["description"],
        )

    def tables(self) -> Mapping[str, Rows]:
        """`results.csv`: every trial as a line, the head first."""
        return {"results.csv": trial_rows(self.trials, self.objective)}

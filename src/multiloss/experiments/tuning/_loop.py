"""One process's work on a study: trial after trial, until there are enough."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._core.errors import invalid
from ..._core.optional import require
from ._candidate import Candidate
from ._progress import TuningProgress
from ._record import FAILED, FINISHED, FOUND, POINT, PRUNED, RESULT, ROLE, SEAL, SURPLUS, TrialRecord, records
from ._recovery import requeue_lost_trials
from ._storage import PURPOSE, quiet_optuna
from ._trial import TrialRunner

# Seconds between two looks at what the other processes do.
PAUSE = 0.3
Report = Callable[[TuningProgress], None]


class _NotNow(Exception):
    """A trial that this process has to leave: there are enough, or the baseline must come first."""


@dataclass(frozen=True)
class Loop:
    """Trains trials of a study.

    Attributes:
        study: Optuna's, with its sampler and pruner.
        runner: what trains a trial.
        trials: how many there shall be in all, over all processes.
        report: called with every epoch and every result.
    """

    study: Any
    runner: TrialRunner
    trials: int
    report: Report

    def work(self) -> None:
        """Trains until as many trials have been begun as there shall be.

        Raises:
            ValueError: when the baseline failed where the objective is relative to it.
        """
        with quiet_optuna():
            while self._begun() < self.trials:
                requeue_lost_trials(self.study)
                if self._needs_baseline() and self._baseline_state() == "RUNNING":
                    time.sleep(PAUSE)
                    continue
                self.study.optimize(self._objective, n_trials=1, catch=(_NotNow,))

    def finish(self) -> None:
        """Works, and waits until the trials of other processes have ended or are taken over."""
        while True:
            self.work()
            if not self._count("RUNNING"):
                return
            time.sleep(PAUSE)
            requeue_lost_trials(self.study)

    def _objective(self, trial: Any) -> Any:
        number = trial.number
        older = [entry for entry in self._trials() if entry.number < number and entry.state.name != "FAIL"]
        if len(older) >= self.trials:
            trial.set_user_attr(SURPLUS, True)
            raise _NotNow
        if self._needs_baseline() and trial.user_attrs.get(ROLE) != self.runner.baseline_role:
            self._put_back(trial)
        done = len(records(self.study))
        epochs = self.runner.epochs

        def report(epoch: int) -> None:
            self.report(TuningProgress(done, self.trials, number, epoch, epochs))

        report(0)
        optuna = require("optuna", extra="tune", purpose=PURPOSE)
        try:
            values = self.runner.run(trial, self.baseline, report)
        except optuna.TrialPruned:
            # The result is stored, but its state is not yet: it is reported from here as it will be.
            self._report_end(trial, PRUNED, None)
            raise
        self._report_end(trial, FINISHED, values)
        return values

    def _report_end(self, trial: Any, state: str, values: list[float] | None) -> None:
        found = records(self.study)
        result = {key: value for key, value in trial.user_attrs[RESULT].items() if key != SEAL}
        record = TrialRecord(
            number=trial.number,
            role=trial.user_attrs.get(ROLE, FOUND),
            state=FAILED if result["error"] else state,
            values=tuple(values or ()),
            candidate=Candidate.from_dict(trial.user_attrs[POINT]),
            **result,
        )
        done, epochs = len(found) + 1, self.runner.epochs
        best = best_value([*found, record], self.runner.objective.directions)
        self.report(TuningProgress(done, self.trials, record.number, record.epochs, epochs, record, best))

    def _put_back(self, trial: Any) -> None:
        optuna = require("optuna", extra="tune", purpose=PURPOSE)
        frozen = self.study.get_trials()[trial.number]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.storages.RetryHeartbeatStaleTrialCallback()(self.study, frozen)
        raise _NotNow

    def baseline(self) -> Mapping[str, Any]:
        """The metrics of the trial that the others are compared with.

        Raises:
            ValueError: when it failed.
        """
        for record in records(self.study):
            if record.role == self.runner.baseline_role:
                if record.error is not None:
                    raise invalid(
                        f"The trial with {self.runner.baseline_role} must finish: all others are compared with it",
                        received=record.error,
                        fix="Fix the problem, or give one metric as the objective: that needs no comparison.",
                    )
                return record.metrics
        return {}

    def _needs_baseline(self) -> bool:
        return self.runner.objective.relative and not self.baseline()

    def _baseline_state(self) -> str:
        role = self.runner.baseline_role
        states = {trial.state.name for trial in self._trials() if trial.user_attrs.get(ROLE) == role}
        return "RUNNING" if "RUNNING" in states else "WAITING"

    def _begun(self) -> int:
        return self._count("COMPLETE", "PRUNED", "RUNNING")

    def _count(self, *states: str) -> int:
        return sum(trial.state.name in states for trial in self._trials())

    def _trials(self) -> list[Any]:
        return self.study.get_trials(deepcopy=False)


def best_value(found: list[TrialRecord], directions: list[str]) -> float | None:
    """The best value of one objective; None without a finished trial, and for several objectives."""
    values = [record.values[0] for record in found if record.finished]
    if not values or len(directions) > 1:
        return None
    return max(values) if directions[0] == "maximize" else min(values)

"""Trains one trial, reports each epoch to Optuna, and stops it where it is hopeless."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras

from ..._core.optional import require
from ..._core.strict_json import finite, plain
from ...problems import Problem
from ..runs import InitialModel, train
from ._objective import TrialObjective
from ._record import FOUND, POINT, RESULT, ROLE, SEAL, WORKER, result_seal
from ._recovery import this_worker
from ._space import Space
from ._storage import PURPOSE
from ._terms import Terms


@dataclass(frozen=True)
class TrialRunner:
    """What turns a point of the space into objective values.

    Attributes:
        problem: what is trained; its score is that of the objective.
        initial: the model that every trial starts from.
        terms: the problem's terms.
        space: what may be chosen.
        objective: what judges a trial.
        epochs: of a trial.
        baseline_role: the role of the trial that the others are compared with.
        prune: whether hopeless trials are stopped.
    """

    problem: Problem
    initial: InitialModel
    terms: Terms
    space: Space
    objective: TrialObjective
    epochs: int
    baseline_role: str
    prune: bool

    def run(self, trial: Any, baseline: Callable[[], Mapping[str, Any]], report: Callable[[int], None]) -> list[float]:
        """Trains the point of an Optuna trial.

        Args:
            trial: asks for the parameters and keeps the result.
            baseline: waits for the metrics of the baseline, and gives them.
            report: called with the number of epochs done.

        Returns:
            The objective values.

        Raises:
            TrialPruned: for a trial that was stopped, or that failed by itself: the sampler counts it as bad.
        """
        optuna = require("optuna", extra="tune", purpose=PURPOSE)
        trial.set_user_attr(WORKER, this_worker())
        point = self.space.suggest(trial)
        trial.set_user_attr(POINT, plain(point.to_dict()))
        is_baseline = trial.user_attrs.get(ROLE) == self.baseline_role
        known = {} if is_baseline or not self.objective.relative else baseline()
        watch = _Watch(trial, self.objective, known, None if is_baseline else self.prune)
        choice = self.space.balancers.get(point.balancer)
        trained = train(
            self.problem,
            self.initial,
            f"trial {trial.number}",
            choice.make(point.parameters) if choice else None,
            epochs=self.epochs,
            predict=False,
            report=report,
            loss_weights=self.terms.loss_weights(point.weights),
            callbacks=[watch],
        ).run
        values = (
            None if trained.error else self.objective.values(trained.metrics, trained.metrics if is_baseline else known)
        )
        error = trained.error
        if values is None and error is None and not watch.stopped:
            error = "No objective: no metric can be compared with that of equal weights."
        result = {
            "metrics": {name: finite(value) for name, value in trained.metrics.items()},
            "epochs": watch.epochs,
            "seconds": trained.seconds,
            "error": error,
        }
        ended = values is None or watch.stopped
        result = plain(result)
        result[SEAL] = result_seal(
            trial.number,
            trial.user_attrs.get(ROLE, FOUND),
            result,
            None if ended else values,
            plain(point.to_dict()),
            watch.history,
        )
        trial.set_user_attr(RESULT, result)
        if values is None or watch.stopped:
            raise optuna.TrialPruned(error or "worse than the others at this epoch")
        return values


class _Watch(keras.callbacks.Callback):
    """Reports the objective after each epoch; ends the training where the pruner says so.

    Args:
        trial: to report to.
        objective: what is reported.
        baseline: metrics of the baseline.
        prune: whether to end hopeless trials; None for the baseline, which reports nothing it could be judged by.
    """

    def __init__(self, trial: Any, objective: TrialObjective, baseline: Mapping[str, Any], prune: bool | None) -> None:
        super().__init__()
        self.trial = trial
        self.objective = objective
        self.baseline = baseline
        self.prune = prune
        self.epochs = 0
        self.history: list[float] = []
        self.stopped = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Reports and asks."""
        self.epochs = epoch + 1
        if self.objective.pareto or (self.objective.relative and not self.baseline):
            return
        metrics = {
            name.removeprefix("val_"): finite(value) for name, value in (logs or {}).items() if name[:4] == "val_"
        }
        values = self.objective.values(metrics, self.baseline)
        if values is None:
            return
        self.trial.report(values[0], self.epochs)
        self.history.append(values[0])
        if self.prune and self.epochs < self.params["epochs"] and self.trial.should_prune():
            self.stopped = True
            self.model.stop_training = True


def judged_by(problem: Problem, objective: TrialObjective) -> Problem:
    """The problem with the objective's metrics as its score, so that runs are checked for them."""
    return replace(problem, score=dict(objective.metrics))

"""A search as it was asked for, checked: what the main process and its workers make the same things of."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..._core.errors import invalid
from ...problems import Problem
from ..fingerprints import Fingerprint
from ..runs import InitialModel, judged
from ._loop import Loop, Report
from ._objective import read_objective
from ._samplers import new_pruner, new_sampler
from ._search import read_search
from ._storage import close_storage, database_faults, open_storage, quiet_optuna
from ._study import Opened, open_study, study_depends, study_settings
from ._trial import TrialRunner, judged_by

Source = Problem | Callable[[], Problem]


@dataclass(frozen=True)
class Job:
    """The arguments of `tune` that a trial depends on; with a source that can be pickled, so can the job be.

    Attributes:
        source: the problem, or a function that makes it.
        method: of the search.
        sampler: its sampler.
        trials: how many in all; None for the default.
        epochs: of a trial.
        search: as the user wrote it.
        objective: as the user wrote it.
        url: of the database; None for memory.
        study_name: None for the default.
        seed: of the model, the order of the data and the sampler.
        pruner: its name; None for none.
    """

    source: Any
    method: str
    sampler: str
    trials: int | None
    epochs: int
    search: Any
    objective: Any
    url: str | None
    study_name: str | None
    seed: int
    pruner: str | None

    @contextlib.contextmanager
    def storage(self) -> Iterator[Any]:
        """Optuna's storage, closed at the end."""
        storage = open_storage(self.url)
        try:
            with database_faults(self.url):
                yield storage
        finally:
            close_storage(storage)

    def prepare(self, storage: Any, problem: Problem, report: Report, at_start: bool = True) -> tuple[Opened, Loop]:
        """The study, made or found, and the loop that works on it.

        Args:
            storage: from `storage`.
            problem: from the source.
            report: called with every epoch and every result.
            at_start: False for a worker that joins.
        """
        search = read_search(self.search)
        objective = read_objective(problem, self.objective, pareto=self.method == "pareto")
        initial = InitialModel(problem, self.seed)
        judging = judged(judged_by(problem, objective), initial)
        objective = replace(objective, metrics=judging.score)
        # Trials in memory are of this call, so that nothing needs to be known of earlier ones.
        depends = Fingerprint() if self.url is None else study_depends(problem, initial, search)
        settings = study_settings(problem, initial, depends, objective, self.method, self.epochs)
        name = self.study_name or f"{problem.name}-{self.method}"
        with quiet_optuna():
            opened = open_study(
                storage, name, problem, initial, search, objective, settings, self.trials, depends, at_start
            )
        opened.study.sampler = new_sampler(self.sampler, self.seed, opened.trials)
        opened.study.pruner = new_pruner(self.pruner, self.epochs)
        runner = TrialRunner(
            judging,
            initial,
            opened.terms,
            opened.space,
            objective,
            self.epochs,
            opened.baseline_role,
            self.pruner is not None and not objective.pareto,
        )
        return opened, Loop(opened.study, runner, opened.trials, report)


def make_problem(source: Any) -> Problem:
    """The problem itself, or what the function that makes it returns.

    Raises:
        ValueError: for anything else.
    """
    made = source() if callable(source) and not isinstance(source, Problem) else source
    if not isinstance(made, Problem):
        raise invalid(
            "`problem` must be a multiloss.Problem, or a function that returns one", received=type(made).__name__
        )
    return made

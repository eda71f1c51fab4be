"""Carries out a comparison, run by run, and keeps what has been done."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import keras

from ...problems import Problem
from ..defaults import TUNED
from ..fingerprints import Fingerprint, digest
from ..runs import (
    NO_END,
    Budget,
    Contender,
    InitialModel,
    Locks,
    Run,
    Samples,
    TimeLimit,
    Trained,
    displayed_settings,
    first_samples,
    name_arrays,
    train,
)
from ._comparison import Comparison
from ._memory import Memory
from ._progress import CompareProgress

Report = Callable[[CompareProgress], None]


class _Job(NamedTuple):
    seed: int
    label: str


@dataclass(frozen=True)
class Plan:
    """What `compare` was asked for, checked.

    Attributes:
        problem: what is trained.
        balancers: label to contender, the baseline among them.
        budget: how long each of them may train.
        seeds: distinct seeds.
        baseline: the label that the others are compared with.
        folder: where runs are kept; None keeps nothing.
        notes: what the report has to say of how the comparison was made, beyond its settings.
        known: what the problem's runs depend on, where it has been read; None reads it where runs are kept.
        runs_before: trainings that came before these, for telling how far the whole has come.
    """

    problem: Problem
    balancers: Mapping[str, Contender]
    budget: Budget
    seeds: Sequence[int]
    baseline: str
    folder: Path | None
    notes: Sequence[str] = ()
    known: Fingerprint | None = None
    runs_before: int = 0

    def announce(self, report: Report, trials: int = 0) -> None:
        """Reports what the whole will cost.

        Args:
            report: called with it.
            trials: of fixed weights, which come before these runs and make one more contender.
        """
        report(CompareProgress("", self.seeds[0], 0, self.num_runs(trials), note=self._cost(trials)))

    def num_runs(self, trials: int = 0) -> int:
        """How many trainings there are, `trials` of fixed weights and the contender that they find among them."""
        return trials + (len(self.balancers) + (1 if trials else 0)) * len(self.seeds)

    def _cost(self, trials: int) -> str:
        count, seeds = len(self.balancers) + (1 if trials else 0), len(self.seeds)
        text = (
            f"{count * seeds} trainings: {count} {'contender' if count == 1 else 'contenders'}, {seeds} "
            f"{'seed' if seeds == 1 else 'seeds'} each, {self.budget} a training"
        )
        return f"{text}; before them {trials} trials of fixed weights ({TUNED})." if trials else f"{text}."

    def carry_out(self, report: Report) -> Comparison:
        """Trains what is not stored yet; after every run the folder holds all that is known."""
        memory = Memory(self.problem, self.balancers, self.folder, self.known)
        for note in memory.notes:
            report(CompareProgress("", self.seeds[0], self.runs_before, self.num_runs() + self.runs_before, note=note))
        settings = displayed_settings(self.problem, self.budget, self.seeds, self.balancers)
        comparison = Comparison(
            problem=self.problem.name,
            baseline=self.baseline,
            score=dict(self.problem.score),
            runs=(),
            settings={**settings, "notes": [*self.notes, *memory.notes]},
            description=self.problem.description,
        )
        initial_of = functools.lru_cache(maxsize=1)(lambda seed: InitialModel(self.problem, seed))
        start_of = functools.lru_cache(maxsize=1)(lambda seed: memory.start(initial_of(seed)))
        comparison = replace(comparison, samples=self._samples(initial_of(self.seeds[0])))
        done: dict[_Job, Trained] = {}
        jobs = [_Job(seed, label) for seed in self.seeds for label in self._order()]
        total = self.runs_before + len(jobs)

        def ready(job: _Job) -> bool:
            """Whether the time is known that it may take."""
            return not self.budget.as_baseline or job.label == self.baseline or _Job(job.seed, self.baseline) in done

        def say_waiting() -> None:
            note = f"Another process trains the rest in {self.folder}: waiting for it."
            report(CompareProgress("", self.seeds[0], 0, total, note=note))

        store = memory.store
        shared = Locks(store.folder).share(jobs, lambda job: store.name(job.label, job.seed), ready, say_waiting)
        found = comparison
        for job, elsewhere in shared:
            base = done.get(_Job(job.seed, self.baseline))
            progress = CompareProgress(job.label, job.seed, self.runs_before + len(done) + 1, total)
            initial, start = initial_of(job.seed), start_of(job.seed)
            done[job] = self._run(progress, initial, memory, start, base.run if base else None, report, elsewhere)
            found = _with(comparison, [done[job] for job in jobs if job in done])
            if self.folder is not None:
                found.save_if_possible(self.folder)
        return found

    def _order(self) -> list[str]:
        """The labels as they were given; the baseline comes first where the others get its time."""
        labels = list(self.balancers)
        return sorted(labels, key=lambda label: label != self.baseline) if self.budget.as_baseline else labels

    def _run(
        self,
        progress: CompareProgress,
        initial: InitialModel,
        memory: Memory,
        start: Fingerprint,
        base: Run | None,
        report: Report,
        elsewhere: bool,
    ) -> Trained:
        contender, weights = self.balancers[progress.balancer], digest(initial.values)
        seconds = self._seconds(base)
        if self.budget.as_baseline and base is not None and seconds is None:
            error = f"Not trained: {self.baseline}, whose time this run was to get, did not finish with this seed."
            trained = Trained(Run(progress.balancer, progress.seed, error=error, initial_weights=weights), {})
            report(replace(progress, done=1.0, result=trained.run))
            return trained
        length = self.budget.epochs if seconds is None else f"{seconds} s"
        question = memory.question(progress.balancer, start, length)
        report(progress)
        trained = memory.find(progress.balancer, progress.seed, question, failed_too=elsewhere) or memory.keep(
            self._train(progress, initial, contender, seconds, report), question
        )
        trained = replace(trained, run=replace(trained.run, initial_weights=weights))
        report(replace(progress, done=1.0, result=trained.run, stored=trained.run.stored))
        return trained

    def _train(
        self,
        progress: CompareProgress,
        initial: InitialModel,
        contender: Contender,
        seconds: float | None,
        report: Report,
    ) -> Trained:
        epochs = self.budget.epochs
        limit: list[keras.callbacks.Callback] = []
        if seconds is not None:
            limit = [TimeLimit(seconds, lambda part: report(replace(progress, done=part)))]
        return train(
            self.problem,
            initial,
            progress.balancer,
            contender.balancer,
            epochs=epochs if seconds is None else NO_END,
            predict=progress.seed == self.seeds[0],
            report=(lambda epoch: report(replace(progress, done=epoch / epochs))) if not limit else _nothing,
            loss_weights=contender.loss_weights,
            callbacks=limit,
            on_test=True,
        )

    def _seconds(self, base: Run | None) -> float | None:
        """The time of the next run; None where epochs count, and where the baseline has none to give."""
        if not self.budget.as_baseline:
            return self.budget.seconds
        return base.training_seconds if base is not None and base.finished else None

    def _samples(self, initial: InitialModel) -> Samples:
        inputs, targets = first_samples(self.problem.validation)
        return Samples(
            name_arrays(inputs, [], "input"), name_arrays(targets, initial.output_names, "output"), {}, initial.seed
        )


def _nothing(epoch: int) -> None:
    """Where time ends the training, the number of epochs says nothing of how far it is."""


def _with(comparison: Comparison, done: Sequence[Trained]) -> Comparison:
    samples = comparison.samples
    for trained in done:
        if trained.predictions and samples is not None and trained.run.seed == samples.seed:
            samples = samples.with_prediction(trained.run.balancer, trained.predictions)
    return replace(comparison, runs=tuple(trained.run for trained in done), samples=samples)

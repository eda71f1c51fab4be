"""Carries out a comparison, run by run, and keeps what has been done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .._core.balancer import Balancer
from ..problems import Problem
from ._batches import first_samples
from ._comparison import Comparison
from ._fingerprint import digest_arrays, digest_data
from ._initial_model import InitialModel
from ._progress import Progress
from ._samples import Samples, name_arrays
from ._settings import settings_digest, settings_shown
from ._store import RunStore
from ._train import Trained, train

Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Plan:
    """What `compare` was asked for, checked.

    Attributes:
        problem: what is trained.
        balancers: label to balancer, the baseline among them.
        epochs: epochs of a run.
        seeds: distinct seeds.
        baseline: the label that the others are compared with.
        folder: where runs are kept; None keeps nothing.
    """

    problem: Problem
    balancers: Mapping[str, Balancer | None]
    epochs: int
    seeds: Sequence[int]
    baseline: str
    folder: Path | None

    def carry_out(self, report: Report) -> Comparison:
        """Trains what is not stored yet; after every run the folder holds all that is known."""
        comparison = Comparison(
            problem=self.problem.name,
            baseline=self.baseline,
            score=dict(self.problem.score),
            runs=(),
            settings=settings_shown(self.problem, self.epochs, self.seeds, self.balancers),
            description=self.problem.description,
        )
        store = RunStore(self.folder)
        data = [digest_data(self.problem.train), digest_data(self.problem.validation)]
        for seed in self.seeds:
            initial = InitialModel(self.problem, seed)
            if comparison.samples is None:
                comparison = replace(comparison, samples=self._samples(initial))
            for label in self.balancers:
                place = len(comparison.runs) + 1
                progress = Progress(label, seed, place, len(self.seeds) * len(self.balancers), 0, self.epochs)
                trained = self._run(progress, initial, store, data, report)
                comparison = _with(comparison, trained)
                if self.folder is not None:
                    comparison.save(self.folder)
        return comparison

    def _run(
        self, progress: Progress, initial: InitialModel, store: RunStore, data: Sequence[str], report: Report
    ) -> Trained:
        balancer, weights = self.balancers[progress.balancer], digest_arrays(initial.values)
        settings = settings_digest(self.problem, self.epochs, balancer, [*data, weights])
        report(progress)
        stored = store.find(progress.balancer, progress.seed, settings)
        if stored is not None:
            trained = Trained(stored, store.predictions(progress.balancer, progress.seed, settings))
        else:
            trained = train(
                self.problem,
                initial,
                progress.balancer,
                balancer,
                epochs=self.epochs,
                predict=progress.seed == self.seeds[0],
                settings=settings,
                initial_weights=weights,
                report=lambda epoch: report(replace(progress, epoch=epoch)),
            )
            store.keep(trained)
        report(replace(progress, epoch=self.epochs, result=trained.run, stored=stored is not None))
        return trained

    def _samples(self, initial: InitialModel) -> Samples:
        inputs, targets = first_samples(self.problem.validation)
        return Samples(
            name_arrays(inputs, [], "input"), name_arrays(targets, initial.output_names, "output"), {}, initial.seed
        )


def _with(comparison: Comparison, trained: Trained) -> Comparison:
    samples = comparison.samples
    if trained.predictions and samples is not None and trained.run.seed == samples.seed:
        samples = samples.with_prediction(trained.run.balancer, trained.predictions)
    return replace(comparison, runs=(*comparison.runs, trained.run), samples=samples)

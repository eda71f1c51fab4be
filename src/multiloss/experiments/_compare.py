"""`compare`: the same problem, the same starts, the same data order, one training for each balancer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core.errors import invalid
from ..problems import Problem
from ._comparison import Comparison
from ._contenders import FIXED, contenders
from ._plan import Plan
from ._progress import Progress

# One that is free, one that learns from the losses, and one that reads gradients and is not deaf to small losses.
BALANCERS = ("fixed", "uncertainty", "mgda")
EPOCHS = 5
SEEDS = 3


def compare(
    problem: Problem,
    balancers: str | Sequence[Any] | Mapping[str, Any] = BALANCERS,
    epochs: int = EPOCHS,
    seeds: int | Sequence[int] = SEEDS,
    baseline: str = FIXED,
    out: str | Path | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    verbose: int = 1,
) -> Comparison:
    """Trains a problem with each balancer from the same seeds, and says which differ from the baseline.

    For every seed, each balancer starts from the same initial weights and sees the data in the same order; what
    differs is the balancer alone. Data given as arrays are shuffled by `(seed, epoch)` and cut into whole batches. A
    data set of another kind is used as it is, after the seed was set: one that remembers an order from run to run is
    not set back.

    Needs and cost: `len(balancers) * seeds` trainings, one after the other.

    Args:
        problem: what is trained, and the scores that judge it.
        balancers: names, objects, None (the user's weights alone), or a mapping of labels to any of them. The
            baseline is added when it is left out.
        epochs: epochs of each training, at least 1. The scores are those after the last one.
        seeds: how many seeds (0, 1, ...), or the seeds themselves. With one, no interval and no verdict is given.
        baseline: the label that the others are compared with.
        out: a folder for `results.json`, `results.csv`, and the finished runs. Called again with the same settings,
            finished runs are taken from there and only the rest is trained.
        on_progress: called at the start and the end of each run and after each epoch.
        verbose: 1 prints a line for each run on standard error; 0 prints nothing.

    Returns:
        The runs and their summary. A run that raises is recorded with its message, and the rest goes on.

    Raises:
        ValueError: for unknown balancers, wrong numbers, or a score that is not among the logs.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> import multiloss as ml
        >>> x = np.arange(64.0).reshape(16, 4) / 64.0
        >>> data = x, {"low": x[:, :1], "high": 100.0 * x[:, 1:2]}
        >>> def build():
        ...     image = keras.Input((4,))
        ...     shared = keras.layers.Dense(3)(image)
        ...     return keras.Model(image, {name: keras.layers.Dense(1)(shared) for name in ("low", "high")})
        >>> losses, metrics = {"low": "mse", "high": "mse"}, {"low": "mae", "high": "mae"}
        >>> score = {"low_mae": "min", "high_mae": "min"}
        >>> problem = ml.Problem("two sizes", build, losses, data, data, metrics, score)
        >>> comparison = compare(problem, "fixed", epochs=1, seeds=1, verbose=0)
        >>> comparison.headline
        'Only fixed was run: there is nothing to compare it with.'
    """
    if not isinstance(problem, Problem):
        raise invalid("`problem` must be a multiloss.Problem", received=type(problem).__name__)
    if not isinstance(epochs, int) or epochs < 1:
        raise invalid("`epochs` must be a whole number of at least 1", received=epochs)
    plan = Plan(problem, contenders(balancers, baseline), epochs, _seeds(seeds), baseline, _folder(out))
    return plan.carry_out(_Reporter(on_progress, verbose))


@dataclass(frozen=True)
class _Reporter:
    on_progress: Callable[[Progress], None] | None
    verbose: int

    def __call__(self, progress: Progress) -> None:
        if self.on_progress is not None:
            self.on_progress(progress)
        if self.verbose and progress.result is not None:
            print(progress, file=sys.stderr, flush=True)


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    found = list(range(seeds)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    if not found or len(set(found)) < len(found):
        raise invalid("`seeds` must be a number of at least 1, or distinct seeds", received=seeds)
    return found


def _folder(out: str | Path | None) -> Path | None:
    if out is None:
        return None
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise invalid("`out` must be a folder", received=str(out), fix="Give another name: a file is in its place.")
    return folder

"""`compare`: the same problem, the same starts, the same data order, one training for each contender."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._core.errors import invalid
from .._core.places import check_folder
from .._core.results import RESULTS
from ..problems import Problem
from ..training import check_alone
from ._tuned import add_tuned
from .comparison import CompareProgress, Comparison, Plan, contenders
from .defaults import BALANCERS, EPOCHS, FIXED, SEEDS, Reporter
from .runs import RUNS, InitialModel, judged, make_budget, of_problem
from .statistics import t_distribution


def compare(
    problem: Problem,
    balancers: str | Sequence[Any] | Mapping[str, Any] = BALANCERS,
    *,
    epochs: int = EPOCHS,
    seeds: int | Sequence[int] = SEEDS,
    baseline: str = FIXED,
    budget: str | float = "epochs",
    tuned_trials: int | None = None,
    out: str | Path | None = None,
    on_progress: Callable[[CompareProgress], None] | None = None,
    verbose: int = 1,
) -> Comparison:
    """Trains a problem with each contender from the same seeds, and says which differ from the baseline.

    For every seed, each contender starts from the same initial weights and sees the data in the same order; what
    differs is the balancing alone. Data given as arrays are shuffled by `(seed, epoch)` and cut into whole batches. A
    data set of another kind is used as it is, after the seed was set: one that remembers an order from run to run is
    not set back.

    Beside the balancers stands `"tuned"`: fixed weights that a short search found, from a seed of its own. A balancer
    that does not beat them does nothing that a few trials would not do as well. They were chosen on the validation
    data, which flatters them a little where the problem has no test data.

    Better and worse are said where Student's t test over the seeds, paired with the baseline and corrected for the
    number of contenders (Holm), says so at 5 %.

    Needs and cost: `multiloss[compare]`; `len(balancers) * seeds` trainings, one after the other; for the tuned weights
    another `tuned_trials + seeds`.

    Args:
        problem: what is trained, and the scores that judge it.
        balancers: names, objects, None (the user's weights alone), or a mapping of labels to any of them or to a
            `Contender`, which has loss weights of its own. The baseline is added when it is left out.
        epochs: epochs of each training, at least 1. The scores are those after the last one.
        seeds: how many seeds (0, 1, ...), or the seeds themselves. With one, no interval and no verdict is given.
        baseline: the label that the others are compared with.
        budget: `"epochs"`: every contender trains `epochs`. `"time"`: the baseline trains `epochs`, and the steps of
            every other contender may take as long as the baseline's did from the same seed. A number: seconds that the
            steps of every contender may take; `epochs` counts for the search of tuned weights alone. Validation and
            compilation are not in these times. Times depend on what else the machine does: leave it alone meanwhile.
        tuned_trials: trainings of `epochs` that the search for fixed weights has; 0 leaves it out. None is 8 where
            Optuna is installed, and 0 where it is not, where there is but one term, and where nothing is compared with
            the baseline.
        out: a folder for `results.json`, the tables, and the finished runs. Called again, finished runs and trials are
            taken from there where everything that they depend on is the same, and only the rest is trained. Data sets
            that are no arrays are read twice for that; what cannot be read so is trained anew each time, and the
            report says why.
        on_progress: called with the plan, at the start and the end of each run, and in between.
        verbose: 1 prints the plan and a line for each run on standard error; 0 prints nothing.

    Returns:
        The runs and their summary. A run that raises is recorded with its message, and the rest goes on.

    Raises:
        ValueError: for unknown balancers, wrong numbers, or a score that is not among the logs.
        ImportError: with several seeds and without SciPy (`multiloss[compare]`), and when `tuned_trials` are asked for
            and Optuna is not installed (`multiloss[tune]`).

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
        >>> problem = ml.Problem(
        ...     "two sizes", build, loss=losses, train=data, validation=data, metrics=metrics, score=score
        ... )
        >>> comparison = compare(problem, "fixed", epochs=1, seeds=1, verbose=0)
        >>> comparison.headline
        'Only fixed was run: there is nothing to compare it with.'
    """
    check_alone("compare")
    if not isinstance(problem, Problem):
        raise invalid("`problem` must be a multiloss.Problem", received=type(problem).__name__)
    if tuned_trials is not None and (not isinstance(tuned_trials, int) or tuned_trials < 0):
        raise invalid("`tuned_trials` must be an integer of at least 0, or None", received=tuned_trials)
    plan = Plan(
        problem,
        contenders(balancers, baseline),
        make_budget(budget, epochs),
        _seeds(seeds),
        baseline,
        None if out is None else check_folder("`out`", out, (RUNS, RESULTS)),
    )
    if len(plan.seeds) > 1:
        # Before anything is trained, not after.
        t_distribution()
    plan = replace(plan, problem=judged(problem, InitialModel(problem, plan.seeds[0])))
    if plan.folder is not None:
        plan = replace(plan, known=of_problem(plan.problem))
    report = Reporter(on_progress, verbose)
    return add_tuned(plan, tuned_trials, report).carry_out(report)


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    found = list(range(seeds)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    if not found or len(set(found)) < len(found):
        raise invalid("`seeds` must be a number of at least 1, or distinct seeds", received=seeds)
    return found

"""`tune`: searches the weights of the losses, the balancer and its parameters, and confirms what it found."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from ..._core.errors import invalid
from ..._core.optional import require
from ..._core.places import check_folder
from ..._core.results import RESULTS
from ..._core.versions import package_version
from ..._core.whole_characters import check_whole
from ...problems import Problem
from ...training import check_alone
from ..defaults import EPOCHS, Reporter, check_integer
from ..runs import RUNS
from ._code import code
from ._confirm import CONFIRMATION, confirm
from ._importance import importance
from ._job import Job, make_problem
from ._loop import Loop
from ._progress import TuningProgress, earlier_trials
from ._ranges import Span
from ._record import records
from ._samplers import check_pruning, check_sampler
from ._storage import PURPOSE, check_storage, storage_url
from ._study import Opened
from ._tuning import Tuning
from ._workers import check_source, run_workers

CONFIRM_SEEDS = 5


def tune(
    problem: Problem | Callable[[], Problem],
    method: str = "bayesian",
    *,
    trials: int | None = None,
    epochs: int = EPOCHS,
    search: str | Mapping[str, Any] = "weights",
    objective: str | Sequence[str] | Mapping[str, str] | None = None,
    storage: str | Path | None = None,
    study_name: str | None = None,
    workers: int = 1,
    seed: int = 0,
    sampler: str | None = None,
    pruning: bool | str = True,
    confirm_seeds: int = CONFIRM_SEEDS,
    out: str | Path | None = None,
    on_progress: Callable[[Any], None] | None = None,
    verbose: int = 1,
) -> Tuning:
    """Searches fixed weights of the losses, a balancer, and its parameters; then tries the best on fresh seeds.

    Every trial starts from the same initial weights and sees the data in the same order. Equal weights are always the
    first trial, weights that make every loss equally large before training the second, the user's own weights the
    third. What is searched are the ratios of the weights, log-uniform, and the weights sum to their number K: a
    factor common to all weights changes nothing under Adam, and would only be one direction more to search. A ratio's
    range holds equal weights and equally large losses, and a factor of 10 on either side; a range of yours is widened
    to hold equal weights. Weights of penalties, constraints and regularisation stay as they are unless `search` names
    them: they are then searched alone, log-uniform, as they enter the sum.

    The best trial was partly lucky with its seed. So it is trained anew beside equal weights from `confirm_seeds`
    starts that the search never saw, and the verdict rests on those alone. Both are judged on
    the problem's test data; without any, on the same validation data as the trials, which flatters the found weights.

    Needs and cost: `multiloss[tune]`; at most `trials` trainings of `epochs`, fewer with pruning, and
    `2 * confirm_seeds` more.

    Args:
        problem: what is trained; with `workers` above 1 a function that makes it, so that each worker can.
        method: `"bayesian"` (a model of the objective chooses the next point), `"random"`, `"grid"` (each combination
            once), or `"pareto"` (each metric is an objective of its own; the result is a front).
        trials: how many in all, over every call and every process on this study. None is 30, and for a grid all of
            its points: those given as lists, and as many of each range as come near 30 together.
        epochs: epochs of each training, at least 1.
        search: `"weights"`, `"balancers"` (which of `fixed, uncertainty, mgda`), `"all"` (both), or a dict:
            `{"weights": {"size": (1e-6, 1.0), "mask": [0.1, 1.0], "label": 1.0}, "balancers": {"fixed": {},
            "cagrad": {"c": (0.1, 0.9)}}}`. A tuple is a range, a list are options, a number is fixed; terms that are
            not named get the range above. Weights are ratios to the first term without a range of its own.
        objective: None for the problem's score, a metric of it, several, or a dict of metric to `"max"`, `"min"` or
            `Score`. Several metrics are judged by their mean improvement over the trial with equal weights, as in
            `compare`. A raw term's loss (`"label_loss"`) is allowed; `"loss"`, which the weights change, is not.
        storage: where trials are kept: None (memory), `"sqlite:///tune.db"`, the address of a PostgreSQL or MySQL
            that many machines share, or the path of a file or folder. Finished trials in it are never repeated, and
            a trial whose process died is queued again. A study is gone on with where everything that its trials
            depend on is the same; another one is refused, and so is one of which that cannot be known.
        study_name: the study in that database; `"<problem>-<method>"` by default.
        workers: processes of this machine.
        seed: of the initial weights, the data order, and the search.
        sampler: None for the method's own, which is `"tpe"`; `"gp"` (a Gaussian process; needs PyTorch and SciPy);
            `"nsga2"` for Pareto searches.
        pruning: stops trials that are worse than the others half-way: True or `"median"`, `"halving"`, or False.
            Never in a Pareto search.
        confirm_seeds: starts of the confirmation; 0 for none, as on machines that only help.
        out: a folder for `results.json`, `results.csv` and the runs of the confirmation.
        on_progress: called with a `TuningProgress` for every epoch and trial, with `compare`'s for the confirmation.
        verbose: 1 prints a line for each trial on standard error; 0 prints nothing.

    Returns:
        The trials, the best point with `.code()` to paste, and the verdict.

    Raises:
        ValueError: for wrong arguments, an objective that the weights change, a database that cannot be reached, and
            a stored study of other settings.
        ImportError: without Optuna, or without the database's driver.

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
        >>> tuning = tune(problem, trials=2, epochs=1, confirm_seeds=0, verbose=0)
        >>> [trial.role for trial in tuning.trials]
        ['equal weights', 'equal contributions']
    """
    check_alone("tune")
    for module in ("optuna", "psutil", "scipy.stats"):
        require(module, extra="tune", purpose=PURPOSE)
    for name, value, least in (("epochs", epochs, 1), ("workers", workers, 1), ("confirm_seeds", confirm_seeds, 0)):
        check_integer(name, value, least)
    if trials is not None:
        check_integer("trials", trials, 1)
    check_integer("seed", seed, 0)
    check_storage("`storage`", storage)
    url = storage_url(storage)
    if workers > 1:
        if url is None:
            raise invalid(
                "Several workers share their trials through a database",
                received=f"workers={workers} and no storage",
                fix="Give one, as storage='sqlite:///tune.db'.",
            )
        check_source(problem)
    check_whole("`study_name`", study_name or "")
    folder = None if out is None else check_folder("`out`", out, (f"{CONFIRMATION}/{RUNS}", RESULTS))
    job = Job(
        problem,
        method,
        check_sampler(method, sampler),
        trials,
        epochs,
        search,
        objective,
        url,
        study_name,
        seed,
        check_pruning(pruning),
    )
    made = make_problem(problem)
    with job.storage() as kept:
        tuning = _carry_out(job, kept, made, workers, confirm_seeds, folder, on_progress, verbose)
    if folder is not None:
        tuning.save_if_possible(folder)
    return tuning


def _carry_out(
    job: Job,
    storage: Any,
    problem: Problem,
    workers: int,
    confirm_seeds: int,
    folder: Path | None,
    on_progress: Callable[[Any], None] | None,
    verbose: int,
) -> Tuning:
    opened, loop = job.prepare(storage, problem, Reporter(on_progress, verbose))
    for note in earlier_trials(opened.earlier, opened.depends):
        loop.report(TuningProgress(opened.earlier, opened.trials, None, 0, job.epochs, note=note))
    if workers > 1 and len(records(opened.study)) < opened.trials:
        run_workers(job, workers, loop)
    loop.finish()
    if loop.runner.objective.relative:
        loop.baseline()
    tuning = _result(problem, job, opened, loop)
    if tuning.best is None:
        return tuning
    found = confirm(opened, loop.runner, tuning.best, confirm_seeds, folder, on_progress, verbose)
    return replace(tuning, confirmation=found)


def _result(problem: Problem, job: Job, opened: Opened, loop: Loop) -> Tuning:
    found, objective = records(opened.study), loop.runner.objective
    shares, how = ({}, None) if objective.pareto else importance(found, objective.directions[0], job.seed)
    names = opened.terms.balanced
    kept = opened.terms.loss_weights(dict.fromkeys(names, 1.0)) or {}
    return Tuning(
        problem=problem.name,
        description=problem.description,
        method=job.method,
        objective=objective,
        trials=tuple(found),
        baseline=opened.baseline_role,
        settings={
            "trials": opened.trials,
            "epochs": job.epochs,
            "seed": job.seed,
            "sampler": job.sampler,
            "pruning": loop.runner.prune and job.pruner,
            "batch_size": problem.batch_size,
            "study": opened.study.study_name,
            "ranges": _ranges(opened),
            "balancers": list(opened.space.balancers),
            "earlier_trials": opened.earlier,
            "notes": earlier_trials(opened.earlier, opened.depends),
            "kept_weights": {name: weight for name, weight in kept.items() if name not in names},
            "versions": {
                name: package_version(name) for name in ("multiloss", "keras", keras.backend.backend(), "optuna")
            },
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
        },
        importance=shares,
        importance_method=how,
        codes={record.number: code(record.candidate, opened.space, opened.terms) for record in found},
    )


def _ranges(opened: Opened) -> dict[str, Any]:
    """The searched ranges, as a person and the report read them."""
    reference = next(iter(opened.space.ratios), None)
    displayed: dict[str, Any] = {}
    for term, entry in opened.space.ratios.items():
        if isinstance(entry, Span):
            span = entry.holding(1.0)
            displayed[term] = {"low": span.low, "high": span.high, "reference": reference}
    for term, entry in opened.space.alone.items():
        if isinstance(entry, Span):
            displayed[term] = {"low": entry.low, "high": entry.high}
    return displayed

"""The contender that every balancer has to beat: fixed weights, found by a short search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._core.optional import require
from .._core.stored import read_checked, set_aside, write_checked
from ..problems import Problem
from .comparison import CompareProgress, Plan, Report
from .defaults import TUNED
from .fingerprints import Fingerprint, fingerprint
from .runs import Contender, InitialModel, Locks, of_contender, of_problem, of_start
from .tuning import look, tune

TRIALS = 8
# The search's seed, away from the small ones that people compare with: weights must not be chosen on those starts.
SEED = 7_919
_FILE = "weights.json"
_PURPOSE = "the search for fixed weights"
_FLATTERED = " that judges them here as well, which flatters them a little."


def add_tuned(plan: Plan, trials: int | None, report: Report) -> Plan:
    """The plan with the tuned weights among its contenders; says beforehand what the whole will cost.

    A contender that is called "tuned" already takes their place.

    Args:
        plan: what was asked for.
        trials: of the search; None chooses.
        report: called with the cost, and how far the search has come.

    Raises:
        ImportError: when trials are asked for and Optuna is not installed.
    """
    notes = []
    if TUNED in plan.balancers:
        trials = 0
    elif trials is None:
        trials = TRIALS if len(plan.balancers) > 1 and _can_be_weighed(plan.problem) else 0
        if trials and not _optuna_is_there():
            trials = 0
            notes.append(
                "Without the baseline of tuned fixed weights: Optuna is not installed (pip install 'multiloss[tune]')."
            )
    elif trials:
        require("optuna", extra="tune", purpose=_PURPOSE)
    plan.announce(report, trials)
    for note in notes:
        report(CompareProgress("", plan.seeds[0], 0, plan.num_runs(trials), note=note))
    if not trials:
        return replace(plan, notes=notes)
    total = plan.num_runs(trials)
    waits = f"Another process searches fixed weights in {plan.folder}: waiting for it."
    with Locks(plan.folder).wait_for(TUNED, lambda: report(CompareProgress("", plan.seeds[0], 0, total, note=waits))):
        contender = find_tuned(
            plan.problem,
            trials,
            plan.budget.epochs,
            plan.folder,
            plan.known,
            lambda done: report(
                CompareProgress("trial of fixed weights", SEED, min(int(done) + 1, trials), total, done % 1.0)
            ),
        )
    if contender is None:
        return replace(
            plan, notes=[*notes, f"Without {TUNED!r}: none of its {trials} trials finished."], runs_before=trials
        )
    found = ", ".join(f"{name} {weight:.4g}" for name, weight in _numbers(contender).items())
    report(CompareProgress("", SEED, trials, total, note=f"Fixed weights found: {found}."))
    notes.append(
        f"The weights of {TUNED!r} were found by {trials} trials of {plan.budget.epochs} epochs from a seed of their "
        f"own, on the validation data{_FLATTERED if plan.problem.test is None else ', never on the test data.'}"
    )
    return replace(plan, balancers={**plan.balancers, TUNED: contender}, notes=notes, runs_before=trials)


def find_tuned(
    problem: Problem,
    trials: int,
    epochs: int,
    folder: Path | None,
    known: Fingerprint | None,
    report: Callable[[float], None],
) -> Contender | None:
    """Fixed weights from `trials` trainings of `epochs` epochs from a seed of their own.

    In a folder the search is kept: finished trials are never repeated, and weights that were found for the same
    problem are read. Where it cannot be known whether it is the same, nothing is kept.

    Args:
        problem: what is trained.
        trials: how many trainings the search has.
        epochs: of each of them.
        folder: where the search is kept; None keeps nothing.
        known: what the problem's runs depend on; None reads it where the search is kept.
        report: called with the number of trials done, and the part of the one that is trained.

    Returns:
        The weights as a contender; None when no trial finished.
    """
    path = None if folder is None else _place(problem, f"{trials} trials of {epochs} epochs", folder, known)
    weights = _read(path)
    if weights is None:
        found = tune(
            problem,
            trials=trials,
            epochs=epochs,
            search="weights",
            seed=SEED,
            confirm_seeds=0,
            storage=None if path is None else path.parent,
            on_progress=lambda progress: report(progress.done + progress.epoch / progress.epochs),
            verbose=0,
        )
        if found.best_loss_weights is None:
            return None
        weights = dict(found.best_loss_weights)
        if path is not None and len(_numbers(Contender(None, weights))) == len(weights):
            # With a schedule among them they are found anew, from the finished trials.
            write_checked(path, weights)
    return Contender(None, weights)


def _place(problem: Problem, length: str, folder: Path, known: Fingerprint | None) -> Path | None:
    known = of_problem(problem) if known is None else known
    start = of_start(InitialModel(problem, SEED))
    question = known | of_contender(problem, Contender()) | start | fingerprint({"search": length})
    return None if question.unread else folder / f"tuning-{question.text}" / _FILE


def _can_be_weighed(problem: Problem) -> bool:
    """Whether there are two terms to weigh; a problem that cannot be compiled says why in its runs."""
    try:
        terms, _ = look(problem, InitialModel(problem, SEED), measure=False)
    except Exception:
        return False
    return len(terms.balanced) > 1


def _optuna_is_there() -> bool:
    try:
        require("optuna", extra="tune", purpose=_PURPOSE)
    except ImportError:
        return False
    return True


def _numbers(contender: Contender) -> dict[str, float]:
    """The weights that are numbers; the user's own of a term that was not searched may be a schedule."""
    return {name: weight for name, weight in (contender.loss_weights or {}).items() if isinstance(weight, int | float)}


def _read(path: Path | None) -> dict[str, Any] | None:
    if path is None or not path.is_file():
        return None
    try:
        return read_checked(path)
    except ValueError as error:
        set_aside(path, error, "The weights are found again")
        return None

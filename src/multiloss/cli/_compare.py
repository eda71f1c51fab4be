"""`multiloss compare`: balancers side by side on one problem, and a report."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .._core.places import check_folder
from .._core.results import RESULTS
from ..experiments import BALANCERS, EPOCHS, SEEDS, contenders, make_budget
from ..experiments import compare as run_comparison
from ..experiments.runs import RUNS
from ..reporting import PARTS, write_report
from ._mistakes import UserMistake, mistakes_of, warnings_of_files
from ._outcome import show_outcome
from ._problem_reference import FORMS, check_model, load_problem
from ._progress_bar import progress_bar
from ._ready import check_report, wake_keras
from ._result_table import print_result
from ._stopping import stops_cleanly

_NAMES = ",".join(BALANCERS)
EXAMPLES = """\b
Examples:
  multiloss compare                               the built-in digits
  multiloss compare my_problem.py:problem --seeds 5
  multiloss compare my_problem.py:problem --balancers fixed,uncertainty,pcgrad --budget time
  multiloss compare my_problem.py:problem --balancers all-weighting --tuned-trials 0
  multiloss compare mine.problems:houses --json > results.json
"""


def compare(
    problem: Annotated[str | None, typer.Argument(help=f"What is trained: {FORMS}.", show_default=False)] = None,
    balancers: Annotated[
        str,
        typer.Option(help="Names from `multiloss list`, with commas between; or all, all-weighting, all-aggregation."),
    ] = _NAMES,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each training.")] = EPOCHS,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each balancer, from different starts.")] = SEEDS,
    baseline: Annotated[str, typer.Option(help="The balancer that the others are compared with.")] = "fixed",
    budget: Annotated[
        str,
        typer.Option(
            help="What all have in common: epochs; time, which is what the baseline takes for its epochs; or a number "
            "of seconds."
        ),
    ] = "epochs",
    tuned_trials: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Trainings that search the baseline of tuned fixed weights; 0 leaves it out.",
            show_default="8 where Optuna is installed",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report; finished runs and trials in it are kept.")] = Path(
        "report"
    ),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Train a problem with several balancers from the same starts, and say which are better."""
    messages = Console(stderr=True)
    # What the user's own code prints must not get between the lines of the JSON document.
    with contextlib.redirect_stdout(sys.stderr):
        check_report()
        with mistakes_of("", ValueError):
            check_folder("--out", out, (*PARTS, RESULTS, RUNS))
        with mistakes_of("", ValueError):
            contenders(balancers, baseline)
            make_budget(budget, epochs)
        wake_keras()
        found = load_problem(problem)
        check_model(found)
        with (
            stops_cleanly(f"Finished runs are kept in {out}."),
            progress_bar(messages) as show,
            warnings_of_files(),
            mistakes_of("", ValueError, ImportError, OSError),
        ):
            comparison = run_comparison(
                found,
                balancers,
                epochs=epochs,
                seeds=seeds,
                baseline=baseline,
                budget=budget,
                tuned_trials=tuned_trials,
                out=out,
                on_progress=show,
                verbose=0,
            )
    kept = f"Finished runs that could be kept are in {out}."
    show_outcome(comparison, write_report, out, json, print_result, kept)
    if not any(run.finished for run in comparison.runs):
        raise UserMistake(f"Every run failed. The first: {comparison.runs[0].error}")

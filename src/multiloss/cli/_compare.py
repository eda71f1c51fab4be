"""`multiloss compare`: balancers side by side on one problem, and a report."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import Annotated

import keras
import typer
from rich.console import Console

from .._core.optional import require
from .._core.startup import quiet_start
from ..experiments import BALANCERS, EPOCHS, SEEDS, Comparison, contenders
from ..experiments import compare as run_comparison
from ..problems import Problem
from ..reporting import write_report
from ._json import print_json
from ._mistakes import STOPPED, UserMistake, complain, mistakes_of
from ._problem_reference import FORMS, check_model, load_problem
from ._progress_bar import progress_bar
from ._result_table import print_result

_NAMES = ",".join(BALANCERS)


def compare(
    problem: Annotated[str | None, typer.Argument(help=f"What is trained: {FORMS}.", show_default=False)] = None,
    balancers: Annotated[str, typer.Option(help="Names from `multiloss list`, with commas between.")] = _NAMES,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each training.")] = EPOCHS,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each balancer, from different starts.")] = SEEDS,
    baseline: Annotated[str, typer.Option(help="The balancer that the others are compared with.")] = "fixed",
    out: Annotated[Path, typer.Option(help="Folder for the report; finished runs in it are kept.")] = Path("report"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Train a problem with several balancers from the same starts, and say which are better."""
    messages = Console(stderr=True)
    # What the user's own code prints must not get between the lines of the JSON document.
    with contextlib.redirect_stdout(sys.stderr):
        with mistakes_of("", ImportError):
            for module in ("matplotlib", "jinja2"):
                require(module, extra="report", purpose="writing the report")
        if out.exists() and not out.is_dir():
            raise UserMistake(f"--out must be a folder. Received: {str(out)!r}, which is a file.")
        with mistakes_of("", ValueError):
            contenders(balancers, baseline)
        with quiet_start():
            # Keras wakes TensorFlow, where it is installed, to seed it: its greeting comes now or amid the results.
            keras.utils.set_random_seed(0)
        found = load_problem(problem)
        check_model(found)
        comparison = _carry_out(found, balancers, epochs, seeds, baseline, out, messages)
        report = write_report(comparison, out)
    if json:
        print_json({**comparison.to_dict(), "report": str(report)})
    else:
        console = Console()
        print_result(comparison, console)
        console.print(f"\nReport: {report}", markup=False, highlight=False, soft_wrap=True)
    if not any(run.finished for run in comparison.runs):
        raise UserMistake(f"Every run failed. The first: {comparison.runs[0].error}")


def _carry_out(
    problem: Problem, balancers: str, epochs: int, seeds: int, baseline: str, out: Path, messages: Console
) -> Comparison:
    try:
        with progress_bar(messages) as show, mistakes_of("", ValueError):
            return run_comparison(
                problem, balancers, epochs=epochs, seeds=seeds, baseline=baseline, out=out, on_progress=show, verbose=0
            )
    except KeyboardInterrupt:
        command = shlex.join(["multiloss", *sys.argv[1:]])
        complain(f"stopped. Finished runs are kept in {out}; to go on, give the same command again: {command}")
        raise typer.Exit(STOPPED) from None

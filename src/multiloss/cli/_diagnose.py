"""`multiloss diagnose`: a few batches through the untrained model, and what is wrong."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from .._core.places import check_folder
from .._core.results import RESULTS
from ..diagnostics import BATCHES
from ..diagnostics import diagnose as run_diagnosis
from ..reporting import PARTS, write_diagnosis
from ._findings import print_diagnosis
from ._mistakes import mistakes_of
from ._outcome import show_outcome
from ._problem_reference import FORMS, check_model, load_problem
from ._ready import check_report, wake_keras
from ._stopping import stops_cleanly

EXAMPLES = """\b
Examples:
  multiloss diagnose                              the built-in digits
  multiloss diagnose my_problem.py:problem
  multiloss diagnose my_problem.py:problem --batches 32 --seed 1
  multiloss diagnose mine.problems:houses --json > diagnosis.json
"""


def diagnose(
    problem: Annotated[str | None, typer.Argument(help=f"What is looked at: {FORMS}.", show_default=False)] = None,
    batches: Annotated[int, typer.Option(min=1, help="Training batches to look at.")] = BATCHES,
    seed: Annotated[int, typer.Option(min=0, help="Of the initial weights and the choice of samples.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("diagnosis"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Look at a problem before training: which losses drown or fight each other, and what is wrong with the data.

    Nothing is trained. The exit code is 0 whatever is found; `--json` counts errors and warnings for scripts.
    """
    # What the user's own code prints must not get between the lines of the JSON document.
    with contextlib.redirect_stdout(sys.stderr):
        check_report()
        with mistakes_of("", ValueError):
            check_folder("--out", out, (*PARTS, RESULTS))
        wake_keras()
        found = load_problem(problem)
        check_model(found)
        with stops_cleanly("Nothing was written."), mistakes_of("", ValueError):
            diagnosis = run_diagnosis(found, batches=batches, seed=seed)
    show_outcome(diagnosis, write_diagnosis, out, json, print_diagnosis, "Nothing was kept.")

"""`multiloss tune`: searches the weights of the losses of one problem, and writes a report."""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .._core.errors import invalid
from .._core.optional import require
from .._core.places import check_folder
from .._core.results import RESULTS
from ..experiments import EPOCHS
from ..experiments.runs import RUNS
from ..experiments.tuning import CONFIRM_SEEDS, CONFIRMATION, KINDS, METHODS, WorkersEnded, check_storage, read_search
from ..experiments.tuning import tune as run_search
from ..reporting import PARTS, write_tuning
from ._mistakes import UserMistake, mistakes_of, warnings_of_files
from ._outcome import show_outcome
from ._problem_reference import FORMS, check_model, load_problem
from ._ready import check_report, wake_keras
from ._stopping import stops_cleanly
from ._tuning_progress import tuning_progress
from ._tuning_table import print_tuning

STORAGE = "sqlite:///tune.db"
EXAMPLES = """\b
Examples:
  multiloss tune                                  the built-in digits
  multiloss tune mine.py:problem --trials 60 --workers 2
  multiloss tune mine.py:problem --objective label_accuracy
  multiloss tune mine.py:problem --weights "size=1e-6..1"
  multiloss tune mine.py:problem --method grid --weights "size=0.01|0.1|1"
  multiloss tune mine.py:problem --method pareto
  multiloss tune mine.py:problem --search balancers
  multiloss tune mine.py:problem --balancers "fixed,cagrad(c=0.1..0.9)"
  multiloss tune mine.py:problem --storage postgresql+psycopg://me@host/db
\b
Stopped by Ctrl-C, or killed? The same command goes on where it was.
"""


def tune(
    problem: Annotated[str | None, typer.Argument(help=f"What is trained: {FORMS}.", show_default=False)] = None,
    method: Annotated[str, typer.Option(help=f"How points are chosen: {', '.join(METHODS)}.")] = METHODS[0],
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Trainings in all, over every call.", show_default="30; the whole grid"),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each training.")] = EPOCHS,
    search: Annotated[str, typer.Option(help=f"What is searched: {', '.join(KINDS)}.")] = KINDS[0],
    weights: Annotated[
        str | None,
        typer.Option(
            help='Ranges of some terms, as ratios to the first other term: "size=1e-6..1, mask=0.1|1, label=1".',
            show_default=False,
        ),
    ] = None,
    balancers: Annotated[
        str | None,
        typer.Option(
            help='Balancers to choose from, with ranges of their parameters: "fixed,cagrad(c=0.1..0.9)".',
            show_default=False,
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            help="Metrics that judge a trial, with commas between; =max or =min for one outside the problem's score.",
            show_default="the problem's score",
        ),
    ] = None,
    storage: Annotated[
        str, typer.Option(help="Where trials are kept: a file, or a PostgreSQL or MySQL that many machines share.")
    ] = STORAGE,
    study: Annotated[
        str | None, typer.Option(help="The study in the storage.", show_default="<problem>-<method>")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes of this machine.")] = 1,
    seeds: Annotated[
        int, typer.Option(min=0, help="Fresh starts that confirm the result; 0 for none, as on machines that help.")
    ] = CONFIRM_SEEDS,
    seed: Annotated[int, typer.Option(min=0, help="Of the starting weights and of the search.")] = 0,
    sampler: Annotated[
        str | None, typer.Option(help="tpe or gp; nsga2 for pareto.", show_default="the method's own")
    ] = None,
    pruning: Annotated[bool, typer.Option(help="Stop trials that are worse than the others half-way.")] = True,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("tuning"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Search the weights of the losses, confirm the best on fresh seeds, and give them as code to paste."""
    messages = Console(stderr=True)
    # What the user's own code prints must not get between the lines of the JSON document.
    with contextlib.redirect_stdout(sys.stderr):
        check_report()
        with mistakes_of("", ValueError):
            check_folder("--out", out, (*PARTS, RESULTS, f"{CONFIRMATION}/{RUNS}"))
        with mistakes_of("", ImportError):
            require("optuna", extra="tune", purpose="tuning")
        with mistakes_of("", ValueError):
            check_storage("--storage", storage)
            wanted = _search(search, weights, balancers)
            read_search(wanted)
            judges = _objective(objective)
        wake_keras()
        found = load_problem(problem)
        check_model(found)
        with (
            stops_cleanly(f"Finished trials are kept in {storage}."),
            tuning_progress(messages) as show,
            warnings_of_files(),
            mistakes_of("", ValueError, ImportError, OSError, WorkersEnded),
        ):
            tuning = run_search(
                # Workers make the problem themselves.
                partial(load_problem, problem) if workers > 1 else found,
                method,
                trials=trials,
                epochs=epochs,
                search=wanted,
                objective=judges,
                storage=storage,
                study_name=study,
                workers=workers,
                seed=seed,
                sampler=sampler,
                pruning=pruning,
                confirm_seeds=seeds,
                out=out,
                on_progress=show,
                verbose=0,
            )
    show_outcome(tuning, write_tuning, out, json, print_tuning, f"Finished trials are kept in {storage}.")
    if tuning.best is None:
        raise UserMistake(tuning.headline)


def _search(search: str, weights: str | None, balancers: str | None) -> Any:
    """The word alone, or what the options say together."""
    if weights is None and balancers is None:
        return search
    wanted: dict[str, Any] = dict.fromkeys(["weights"], search != "balancers")
    if search not in KINDS:
        return search
    if weights is not None:
        pairs = [part.partition("=") for part in weights.split(",") if part.strip()]
        if not pairs or not all(term.strip() and value.strip() for term, _, value in pairs):
            raise invalid("--weights must be terms with ranges, as 'size=1e-6..1, mask=0.1|1'", received=repr(weights))
        wanted["weights"] = {term.strip(): value.strip() for term, _, value in pairs}
    if balancers is not None or search != "weights":
        wanted["balancers"] = balancers or list(read_search("balancers").balancers)
    return wanted


def _objective(objective: str | None) -> Any:
    """Names with commas between; with a direction for one, those with directions are a dict."""
    if objective is None or "=" not in objective:
        return objective
    pairs = [part.partition("=") for part in objective.split(",") if part.strip()]
    if not all(name.strip() and way.strip() for name, _, way in pairs):
        raise invalid(
            "--objective must give a direction to every metric or to none, as 'label_accuracy=max,size_mae=min'",
            received=repr(objective),
        )
    return {name.strip(): way.strip() for name, _, way in pairs}

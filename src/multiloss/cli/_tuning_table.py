"""The outcome of a search on the screen."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._core.wording import counted, number, percent
from ..experiments.tuning import TrialRecord, Tuning

_COLOURS = {"better": "bold green", "worse": "bold red"}
# A front may be long; the report shows all of it.
_FRONT = 8


def print_tuning(tuning: Tuning, console: Console) -> None:
    """The verdict, what was found beside equal weights, and the code to paste."""
    if tuning.best is not None:
        console.print(_front(tuning) if tuning.objective.pareto else _best(tuning))
    console.print(Text(tuning.headline, style=_COLOURS.get(tuning.verdict, "bold")))
    if tuning.importance:
        shares = ", ".join(f"{name} {percent(share)}" for name, share in tuning.importance.items())
        console.print(Text(f"What mattered ({tuning.importance_method}): {shares}"))
    if tuning.best is not None:
        console.print()
        console.print(tuning.code(), markup=False, highlight=False, soft_wrap=True)


def _best(tuning: Tuning) -> Table:
    columns = {"best": tuning.best, tuning.baseline: tuning.baseline_trial}
    table = _table(tuning, "in the search, one seed")
    table.add_column("")
    selected: dict[str, TrialRecord] = {name: trial for name, trial in columns.items() if trial is not None}
    for name in selected:
        table.add_column(Text(name), justify="right")
    for name, score in tuning.objective.metrics.items():
        label = Text(f"{name} {score.arrow}")
        table.add_row(label, *[number(trial.metrics.get(name), 4) for trial in selected.values()])
    for term in tuning.best_weights:
        table.add_row(
            Text(f"weight of {term}"), *[number(trial.candidate.weights.get(term), 4) for trial in selected.values()]
        )
    if tuning.settings.get("balancers"):
        table.add_row("balancer", *[Text(trial.candidate.balancer) for trial in selected.values()])
    return table


def _front(tuning: Tuning) -> Table:
    table = _table(tuning, f"{len(tuning.front)} on the front, {percent(tuning.hypervolume or 0)} covered")
    table.add_column("trial", justify="right")
    for name, score in tuning.objective.metrics.items():
        table.add_column(Text(f"{name} {score.arrow}"), justify="right")
    table.add_column("")
    step = max(1, len(tuning.front) // _FRONT)
    for place, trial in enumerate(tuning.front):
        knee = tuning.knee is not None and trial.number == tuning.knee.number
        if place % step == 0 or knee:
            table.add_row(str(trial.number), *[number(value, 4) for value in trial.values], "knee" if knee else "")
    return table


def _table(tuning: Tuning, note: str) -> Table:
    title = Text(f"{tuning.problem}: {counted(len(tuning.trials), 'trial')}; {note}")
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)

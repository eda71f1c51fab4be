"""The summary of a comparison on the screen."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._core.wording import ABSENT, counted, number, signed_percent
from ..experiments import Comparison, ContenderSummary

_COLOURS = {"better": "green", "worse": "red", "failed": "red", "baseline": "bold"}
# More columns than this do not fit on 80 characters.
_SIDE_BY_SIDE = 5


def print_result(comparison: Comparison, console: Console) -> None:
    """A table with means over the seeds, then the verdicts in words, with their intervals."""
    console.print(_wide(comparison) if len(comparison.balancers) <= _SIDE_BY_SIDE else _long(comparison))
    console.print(Text(comparison.headline, style="bold"))
    for claim in comparison.statements:
        if claim.verdict != "baseline" or "failed" in claim.sentence:
            console.print(Text(f"- {claim.sentence}"))
    for sentence in comparison.cautions:
        console.print(Text(f"Caution: {sentence.replace('`', '')}"))
    for step in comparison.next_steps[:1]:
        console.print(Text(f"Next: {step.replace('`', '')}"))


def _wide(comparison: Comparison) -> Table:
    """Balancers side by side, a row for each number."""
    table = _table(comparison)
    table.add_column("")
    for standing in comparison.summary:
        table.add_column(Text(standing.balancer), justify="right")
    table.add_row("verdict", *[_verdict(standing) for standing in comparison.summary])
    table.add_row("improvement", *[_improvement(standing) for standing in comparison.summary])
    for name, score in comparison.score.items():
        label = Text(f"{name} {score.arrow}")
        table.add_row(label, *[number(standing.metrics[name].mean, 4) for standing in comparison.summary])
    table.add_row("mean rank ↓", *[_rank(standing) for standing in comparison.summary])
    table.add_row("ms a step", *[_milliseconds(standing) for standing in comparison.summary])
    return table


def _long(comparison: Comparison) -> Table:
    """Many balancers, one below the other, without the single metrics."""
    table = _table(comparison)
    for name in ("balancer", "verdict"):
        table.add_column(name)
    for name in ("improvement", "mean rank", "ms a step"):
        table.add_column(name, justify="right")
    for standing in comparison.summary:
        cells = [_improvement(standing), _rank(standing), _milliseconds(standing)]
        table.add_row(Text(standing.balancer), _verdict(standing), *cells)
    return table


def _table(comparison: Comparison) -> Table:
    title = Text(f"{comparison.problem}: {counted(len(comparison.runs), 'run')}")
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)


def _verdict(standing: ContenderSummary) -> Text:
    return Text(standing.verdict, style=_COLOURS.get(standing.verdict, ""))


def _improvement(standing: ContenderSummary) -> str:
    return "0" if standing.verdict == "baseline" else signed_percent(standing.improvement.mean)


def _rank(standing: ContenderSummary) -> str:
    return ABSENT if standing.mean_rank is None else f"{standing.mean_rank:.1f}"


def _milliseconds(standing: ContenderSummary) -> str:
    return ABSENT if standing.seconds_per_step is None else f"{1000 * standing.seconds_per_step:.1f}"

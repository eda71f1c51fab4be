"""The summary of a comparison on the screen."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..experiments import Comparison, Estimate

_COLOURS = {"better": "green", "worse": "red", "failed": "red", "baseline": "bold"}


def print_result(comparison: Comparison, console: Console) -> None:
    """A table of all balancers, then the verdicts in words."""
    table = Table(title=f"{comparison.problem}: {len(comparison.runs)} runs", title_justify="left")
    table.add_column("balancer")
    table.add_column("improvement", justify="right")
    for name, direction in comparison.score.items():
        table.add_column(f"{name} {'↑' if direction == 'max' else '↓'}", justify="right")
    table.add_column("ms/step", justify="right")
    table.add_column("verdict")
    for standing in comparison.summary:
        colour = _COLOURS.get(standing.verdict, "")
        table.add_row(
            standing.balancer,
            "0" if standing.verdict == "baseline" else _percent(standing.improvement),
            *[_value(standing.metrics[name]) for name in comparison.score],
            "–" if standing.seconds_per_step is None else f"{1000 * standing.seconds_per_step:.1f}",
            Text(standing.verdict, style=colour),
        )
    console.print(table)
    console.print(Text(comparison.headline, style="bold"))
    for standing in comparison.summary:
        if standing.balancer != comparison.baseline or standing.failed:
            console.print(Text(f"- {standing.sentence}"))


def _percent(estimate: Estimate) -> str:
    return "–" if estimate.mean is None else f"{100 * estimate.mean:+.1f} %"


def _value(estimate: Estimate) -> str:
    if estimate.mean is None:
        return "–"
    if estimate.interval is None:
        return f"{estimate.mean:.4g}"
    return f"{estimate.mean:.4g} ± {(estimate.interval[1] - estimate.interval[0]) / 2:.2g}"

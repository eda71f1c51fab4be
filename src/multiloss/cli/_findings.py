"""A diagnosis on the screen."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..diagnostics import SIGNS, Diagnosis, cosine_cells, term_cells

_COLOURS = {"error": "bold red", "warning": "bold yellow", "hint": "cyan", "fine": "green"}
# A wider matrix does not fit on 80 characters; the report shows it.
_SIDE_BY_SIDE = 8


def print_diagnosis(diagnosis: Diagnosis, console: Console) -> None:
    """The findings, the most severe first, each with what to do; then the numbers of the terms, and their cosines."""
    console.print(Text(f"{diagnosis.problem}: {diagnosis.headline}", style="bold"))
    for finding in diagnosis.findings:
        head = Text(f"\n{SIGNS[finding.severity]} {finding.severity}", style=_COLOURS[finding.severity])
        console.print(head.append(f"  {finding.message}", style="not bold default"))
        if finding.remedy:
            console.print(Padding(Text(f"→ {finding.remedy}"), (0, 0, 0, 2)))
    console.print()
    console.print(_table(term_cells(diagnosis)))
    if 1 < len(diagnosis.terms) <= _SIDE_BY_SIDE:
        console.print(_table(cosine_cells(diagnosis)))


def _table(cells: list[tuple[str, ...]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    head, *rows = cells
    for column, name in enumerate(head):
        table.add_column(Text(name), justify="left" if column == 0 else "right")
    for row in rows:
        table.add_row(*[Text(cell) for cell in row])
    return table

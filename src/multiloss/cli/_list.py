"""`multiloss list`: every member that a string can name."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from .._core.balancer import Needs
from .._core.registry import Entry, members
from ._json import print_json

FAMILIES = ("balancer", "loss", "scale", "schedule")


def list_members(json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else.")) -> None:
    """List the balancers, losses, scales and schedules: what they do, what they need, where they come from."""
    rows = [_row(entry) for family in FAMILIES for entry in members(family)]
    if json:
        print_json(rows)
        return
    console = Console()
    for family in FAMILIES:
        own = [row for row in rows if row["family"] == family]
        if own:
            console.print(_table(family, own))


def _row(entry: Entry) -> dict[str, Any]:
    needs = getattr(entry.cls, "needs", None)
    return {
        "family": entry.family,
        "name": entry.name,
        "aliases": list(entry.aliases),
        "class": entry.cls.__name__,
        "needs": None if needs is None else needs.value,
        "cost": None if needs is None else _cost(entry),
        "properties": list(entry.properties),
        "paper": entry.paper or None,
        "summary": entry.summary,
    }


def _cost(entry: Entry) -> str:
    """Forward and backward passes of a step with K terms; a plain step has one of each."""
    balancer = entry.cls(**entry.cases[0])
    forward = "2 forward" if balancer.reads_after_update else "1 forward"
    return f"{forward}, 1 backward" if balancer.needs is Needs.LOSSES else f"{forward}, K + 1 backward"


def _table(family: str, rows: list[dict[str, Any]]) -> Table:
    with_needs = any(row["needs"] for row in rows)
    table = Table(title=family, title_justify="left", title_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("what it does")
    if with_needs:
        table.add_column("reads")
        table.add_column("passes")
    with_properties = any(row["properties"] for row in rows)
    if with_properties:
        table.add_column("properties")
    table.add_column("paper", overflow="fold")
    for row in rows:
        cells = ["\n".join([row["name"], *(f"  {alias}" for alias in row["aliases"])]), row["summary"]]
        cells += [row["needs"], row["cost"]] if with_needs else []
        cells += [", ".join(row["properties"]) or "–"] if with_properties else []
        table.add_row(*cells, row["paper"] or "–")
    return table

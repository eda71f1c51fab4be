"""`multiloss list`: every member that a string can name."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._core.balancer import Needs
from .._core.errors import unknown_name
from .._core.registry import Entry, members
from ._json import print_json
from ._mistakes import UserMistake

FAMILIES = ("balancer", "loss", "scale", "schedule")


def list_members(
    name: Annotated[
        str | None, typer.Argument(help="One member, of which everything is said.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """List the balancers, losses, scales and schedules: what they do, and what balancers read."""
    entries = [entry for family in FAMILIES for entry in members(family)]
    if name is not None:
        entries = _named(name, entries)
    rows = [_row(entry) for entry in entries]
    if json:
        print_json(rows)
        return
    console = Console()
    if name is not None:
        for row in rows:
            _print_details(row, console)
        return
    for family in FAMILIES:
        own = [row for row in rows if row["family"] == family]
        if own:
            console.print(_table(family, own))
    console.print("multiloss list NAME says more about one of them.")


def _named(name: str, entries: list[Entry]) -> list[Entry]:
    """A scale and a schedule may share a name."""
    found = [entry for entry in entries if name in (entry.name, entry.cls.__name__)]
    if not found:
        raise UserMistake(str(unknown_name("member", name, dict.fromkeys(entry.name for entry in entries))))
    return found


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
    table = Table(title=family, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("name", no_wrap=True)
    if with_needs:
        table.add_column("reads", no_wrap=True)
    table.add_column("what it does")
    for row in rows:
        name = "\n".join([row["name"], *(f"  {alias}" for alias in row["aliases"])])
        table.add_row(name, *([row["needs"]] if with_needs else []), row["summary"])
    return table


def _print_details(row: dict[str, Any], console: Console) -> None:
    details = Table(
        title=f"{row['family']} {row['name']}", title_justify="left", title_style="bold", box=None, show_header=False
    )
    details.add_column(no_wrap=True)
    details.add_column(overflow="fold")
    for label, value in (
        ("what it does", row["summary"]),
        ("class", row["class"]),
        ("reads", row["needs"]),
        ("passes", row["cost"]),
        ("properties", ", ".join(row["properties"])),
        ("paper", row["paper"]),
    ):
        if value:
            details.add_row(label, Text(value))
    console.print(details)

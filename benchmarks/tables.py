"""Tables of a page, each between two markers, with the versions, the machine and the date of its run."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any

PACKAGES = [
    *("multiloss", "keras", "torch", "jax", "tensorflow-cpu", "tensorflow", "numpy", "scipy"),
    *("cvxpy", "clarabel", "quadprog", "torchjd", "LibMTL", "conflictfree"),
]
# In front of a number, what the reader looks at.
Row = dict[str, Any]


def environment() -> str:
    """Versions, machine and date, in one sentence each."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    date = datetime.date.today().isoformat()
    return (
        f"Run on {date}; Python {platform.python_version()}, {', '.join(found)}; {processor()}, {os.cpu_count()} cores."
    )


def processor() -> str:
    """The model of the processor, where the system tells."""
    try:
        match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        match = None
    return match.group(1) if match else platform.processor() or platform.machine()


def markdown(rows: list[Row]) -> str:
    """A table with the columns of the first row, and of later ones where they bring more."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    numeric = [all(isinstance(row.get(key), int | float | None) for row in rows) for key in columns]
    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join("--:" if right else "---" for right in numeric) + "|"]
    lines += ["| " + " | ".join(shown(row.get(key)) for key in columns) + " |" for row in rows]
    return "\n".join(lines)


def shown(value: Any) -> str:
    """A cell: three significant digits of a float, nothing for None."""
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def write(page: Path, name: str, tables: dict[str, list[Row]]) -> None:
    """Puts tables, each under its title, between the page's markers of that name.

    Raises:
        ValueError: where the page has no such markers.
    """
    start, end = f"<!-- {name}: written by `make bench` -->", f"<!-- end of {name} -->"
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page} needs the lines {start} and {end}")
    body = "\n\n".join(
        f"**{title}**\n\n{markdown(rows)}" if title else markdown(rows) for title, rows in tables.items()
    )
    page.write_text(f"{before}{start}\n{environment()}\n\n{body}\n{end}{after}", encoding="utf-8")

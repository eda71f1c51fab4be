"""What every verb shows at its end: a table for people, or one JSON document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from ._json import print_json


def show_outcome(result: Any, report: Path, json: bool, draw: Callable[[Any, Console], None]) -> None:
    """Prints the result and where its report is.

    Args:
        result: has `to_dict`.
        report: the page.
        json: whether to print JSON and nothing else.
        draw: prints the result for people.
    """
    if json:
        print_json({**result.to_dict(), "report": str(report)})
        return
    console = Console()
    draw(result, console)
    console.print(f"\nReport: {report}", markup=False, highlight=False, soft_wrap=True)

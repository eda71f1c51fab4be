"""What every verb shows at its end: a table for people, or one JSON document."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from .._core.errors import cannot_write
from ._json import print_json
from ._mistakes import UserMistake, this_command


def show_outcome(
    result: Any,
    write: Callable[[Any, Path], Path],
    out: Path,
    json: bool,
    draw: Callable[[Any, Console], None],
    kept: str,
) -> None:
    """Writes the report, and prints the result and where its report is; without a report the result all the same.

    Args:
        result: has `to_dict`.
        write: writes the report into a folder, and gives the page.
        out: the folder.
        json: whether to print JSON and nothing else.
        draw: prints the result for people.
        kept: a sentence, as "Finished runs are kept in report.".

    Raises:
        UserMistake: where the report cannot be written.
    """
    report, problem = None, None
    try:
        with contextlib.redirect_stdout(sys.stderr):
            report = write(result, out)
    except OSError as error:
        problem = error
    if json:
        print_json({**result.to_dict(), "report": None if report is None else str(report)})
    else:
        console = Console()
        draw(result, console)
        if report is not None:
            console.print(f"\nReport: {report}", markup=False, highlight=False, soft_wrap=True)
    if problem is not None:
        raise UserMistake(
            f"{cannot_write(problem)} So there is no report. {kept} To write it, make room or give another --out, and "
            f"give the same command again: {this_command()}"
        ) from problem

"""`multiloss init`: a problem file to start from."""

from __future__ import annotations

import shlex
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .._core.errors import cannot_write
from .._core.writing import write_text
from ._mistakes import UserMistake

TEMPLATE = "problem.py"
EXAMPLES = """\b
Examples:
  multiloss init my_problem.py
  multiloss compare my_problem.py:problem         runs at once, on made-up data
"""


def init(
    file: Annotated[Path, typer.Argument(help="The file to write, as my_problem.py.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a commented problem file that runs as it is, with the places for your own data, model and losses."""
    if file.suffix != ".py":
        raise UserMistake(f"Expected a file that ends in .py. Received: {str(file)!r}.")
    if file.is_dir() or not file.parent.is_dir():
        what = "is a folder" if file.is_dir() else f"lies in {str(file.parent)!r}, which is no folder"
        raise UserMistake(f"Expected a file that can be written. Received: {str(file)!r}, which {what}.")
    if file.exists() and not force:
        raise UserMistake(f"{str(file)!r} is there already. Give another name, or --force to write over it.")
    text = resources.files(__package__).joinpath("templates", TEMPLATE).read_text(encoding="utf-8")
    try:
        write_text(file, text.replace("FILE", shlex.quote(str(file))))
    except OSError as error:
        raise UserMistake(cannot_write(error)) from error
    command = shlex.join(["multiloss", "compare", f"{file}:problem"])
    Console().print(f"Wrote {file}. It runs as it is: {command}", markup=False, highlight=False, soft_wrap=True)

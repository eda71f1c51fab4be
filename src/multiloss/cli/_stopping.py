"""Ctrl-C."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ._mistakes import STOPPED, complain


@contextmanager
def stops_cleanly(kept: str) -> Iterator[None]:
    """Turns Ctrl-C into one line that says what is kept and how to go on.

    Args:
        kept: a sentence, as "Finished runs are kept in report.".

    Raises:
        typer.Exit: with the code `STOPPED`.
    """
    try:
        yield
    except KeyboardInterrupt:
        command = shlex.join(["multiloss", *sys.argv[1:]])
        complain(f"stopped. {kept} To go on, give the same command again: {command}")
        raise typer.Exit(STOPPED) from None

"""Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ._mistakes import STOPPED, complain, this_command


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
        complain(f"stopped. {kept} To go on, give the same command again: {this_command()}")
        raise typer.Exit(STOPPED) from None

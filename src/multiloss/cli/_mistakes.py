"""The user's mistakes: one clear line, no traceback."""

from __future__ import annotations

import shlex
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._core.stored import StorageWarning

DONE = 0
DEFECT = 1
USER_MISTAKE = 2
STOPPED = 130  # as shells report a program that Ctrl-C ended

_OWN = str(Path(__file__).parent.parent)


class UserMistake(Exception):
    """What the user can fix; its text is the one line that they see."""


def complain(message: str) -> None:
    """Prints one line on standard error."""
    print(f"multiloss: {' '.join(message.split())}", file=sys.stderr, flush=True)


@contextmanager
def mistakes_of(what: str, *kinds: type[Exception]) -> Iterator[None]:
    """Turns exceptions into the user's mistake.

    Args:
        what: where it happened, put before the message; empty for messages that say it themselves.
        kinds: the exceptions that are the user's; none means all, with the place in the user's code.
    """
    try:
        yield
    except UserMistake:
        raise
    except (Exception, SystemExit) as error:  # `sys.exit()` in the user's own code
        if kinds and not isinstance(error, kinds):
            raise
        message = str(error) if kinds else f"{_place(error)}{type(error).__name__}: {error}"
        raise UserMistake(f"{what}: {message}" if what else message) from error


def this_command() -> str:
    """What was typed, to be given again."""
    return shlex.join(["multiloss", *sys.argv[1:]])


@contextmanager
def warnings_of_files() -> Iterator[None]:
    """What is told of files that could not be read or written is one line, as a mistake is."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **rest: Any) -> None:
            if issubclass(category, StorageWarning):
                complain(str(message))
            else:
                usual(message, category, *place, **rest)

        warnings.showwarning = show
        warnings.simplefilter("default", StorageWarning)
        yield


def _place(error: BaseException) -> str:
    """File and line of the innermost frame that belongs neither to multiloss nor to an installed package."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(_OWN) and "site-packages" not in frame.filename and "<" not in frame.filename
    ]
    own = [frame for frame in frames if "importlib" not in frame.filename]
    return f"{own[-1].filename}, line {own[-1].lineno}: " if own else ""

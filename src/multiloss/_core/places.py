"""Folders and files to write to: refused before long work, where nothing can be written in the end."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile

from .errors import invalid

# Bytes that a disk must have left: about what a small result takes.
_ENOUGH = 64 * 1024


def check_folder(argument: str, folder: str | Path, parts: Iterable[str] = ()) -> Path:
    """The folder, which need not be there; nothing is left in it.

    Args:
        argument: whose value it is, as the user writes it.
        folder: as the user gave it.
        parts: what will be written in it: files, whose names have an ending, and folders.

    Raises:
        ValueError: where it is a file, lies in one, or cannot be written, and where one of its parts cannot.
    """
    _check(f"{argument} must be a folder", Path(folder), str(folder))
    for part in parts:
        place, name = Path(folder) / part, f"In {argument}, {part!r}"
        if place.suffix:
            check_file(name, place, str(place))
        else:
            _check(f"{name} must be a folder", place, str(place))
    return Path(folder)


def check_file(argument: str, file: Path, given: str, *, alone: bool = False) -> None:
    """Refuses a file that can be neither made nor written.

    Args:
        argument: whose value it is, as the user writes it.
        file: the file.
        given: what the user gave.
        alone: whether it is enough that the file which is there can be written, without a new one beside it.

    Raises:
        ValueError: where it is a folder, lies in a file, or cannot be written.
    """
    if file.is_dir():
        raise invalid(f"{argument} must be a file", received=f"{given!r}, which is a folder")
    if not alone:
        _check(f"{argument} must be a file", file.parent, given)
    if file.exists():
        try:
            file.open("r+b").close()
        except OSError as error:
            raise _unwritable(f"{argument} must be a file", given, error) from error


def _check(expected: str, folder: Path, given: str) -> None:
    try:
        standing = next(place for place in (folder, *folder.absolute().parents) if _is_there(place))
        standing.resolve(strict=True)  # a link that leads nowhere, or round in a circle
        if not standing.is_dir():
            what = "which is a file" if str(standing) == given else f"which lies in the file {str(standing)!r}"
            raise invalid(expected, received=f"{given!r}, {what}", fix="Give another place.")
        with TemporaryFile(dir=standing) as file:
            file.write(bytes(_ENOUGH))
    except (OSError, RuntimeError) as error:
        raise _unwritable(expected, given, error) from error


def _is_there(place: Path) -> bool:
    try:
        os.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _unwritable(expected: str, given: str, error: Exception) -> ValueError:
    reason = getattr(error, "strerror", None) or "a link that leads in a circle"
    return invalid(f"{expected} that can be written", received=f"{given!r}: {reason}")

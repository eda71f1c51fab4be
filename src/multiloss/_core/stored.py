"""What was stored and is read again: whether it is as it was written, and where it goes when it is not."""

from __future__ import annotations

import io
import itertools
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .damage import check_archive, checksum, damaged
from .strict_json import plain, write_json
from .writing import write_bytes

CHECKSUM = "checksum"
ASIDE = ".unreadable"


class StorageWarning(UserWarning):
    """A file could not be read or written, and the work goes on without it."""


def write_checked(path: Path, value: Mapping[str, Any]) -> None:
    """Writes strict JSON with a checksum of what it says."""
    data = plain(value)
    write_json(path, {**data, CHECKSUM: checksum(data)})


def read_checked(path: Path, needs_checksum: bool = True) -> dict[str, Any]:
    """Reads what `write_checked` wrote.

    Args:
        path: the file.
        needs_checksum: False takes JSON of other programs as it is.

    Raises:
        ValueError: for what is no JSON object, or was changed after it was written.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"no JSON ({error})") from error
    if not isinstance(data, dict):
        raise damaged(path, "JSON of another kind")
    found = data.pop(CHECKSUM, None)
    if found != checksum(data) and (found is not None or needs_checksum):
        raise damaged(path, "other content than its checksum stands for")
    return data


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays by name as one `.npz`."""
    content = io.BytesIO()
    np.savez_compressed(content, **dict[str, Any](arrays))
    write_bytes(path, content.getvalue())


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Reads what `write_arrays` wrote.

    Raises:
        ValueError: when it is not as it was written.
    """
    content = path.read_bytes()
    try:
        # NumPy looks at the checksums of what it reads to the end alone, and a damaged header makes it stop before.
        check_archive(io.BytesIO(content))
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except Exception as error:  # a damaged archive fails in a dozen ways
        raise damaged(path, f"no whole archive ({type(error).__name__}: {error})") from error


def set_aside(path: Path, why: Exception, then: str) -> None:
    """Renames a file that cannot be read, and says so in one line.

    Args:
        path: the file.
        why: what reading it raised.
        then: what happens without it, as "The run is trained again".
    """
    aside = next(place for place in _asides(path) if not place.exists())
    try:
        path.rename(aside)
        where = f"was set aside as {aside.name}"
    except OSError as error:
        where = f"could not be set aside ({error.strerror})"
    warnings.warn(f"{why} It {where}. {then}.", StorageWarning, stacklevel=3)


def _asides(path: Path) -> Any:
    yield path.with_name(path.name + ASIDE)
    yield from (path.with_name(f"{path.name}{ASIDE}-{number}") for number in itertools.count(2))

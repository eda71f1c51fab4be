"""Whether what was stored is as it was written: checksums, and the error where it is not."""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import Any


class DamagedFileError(OSError, ValueError):
    """A file was cut off or changed after it was written.

    An `OSError`, by which `keras.callbacks.BackupAndRestore` knows to take the backup before it.
    """


def damaged(path: Any, why: object) -> DamagedFileError:
    """One line that says which file is damaged.

    Args:
        path: the file, as the user named it.
        why: what shows it.
    """
    reason = " ".join(str(why).split()) or type(why).__name__
    return DamagedFileError(
        f"The file {str(path)!r} is damaged: {reason}. It was cut off or changed after it was written."
    )


def check_archive(file: Any) -> None:
    """Raises for an archive that cannot be read, or of which a part does not agree with its checksum.

    Args:
        file: a path, or an open file.

    Raises:
        BadZipFile: and whatever else a damaged archive makes of itself.
    """
    with zipfile.ZipFile(file) as archive:
        broken = archive.testzip()
    if broken is not None:
        raise zipfile.BadZipFile(f"{broken} does not agree with its checksum")


def checksum(value: Any) -> str:
    """A short checksum of plain data."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]

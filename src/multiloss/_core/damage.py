"""The error for a stored file that is not as it was written."""

from __future__ import annotations

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

"""A checksum within every file of a trainer: HDF5 has none, and Keras reads on where that of the archive disagrees."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from ..._core.damage import damaged
from .._keras_seams import Saveable, whole_file

SEALED, DIGEST = "sealed", "digest"
# Keras writes the attributes of an object by name, with private ones last: what is sealed must have been written.
ATTRIBUTE = "_zz_seal"
_PLACE = f"{ATTRIBUTE}/vars/{DIGEST}"


class Seal(Saveable):
    """Saved after everything else of a trainer; read by `check_seal` before everything else."""

    def save_own_variables(self, store: Any) -> None:
        """Writes the checksum of all that the file holds by now."""
        file = whole_file(store, ATTRIBUTE)
        if file is not None:
            store[DIGEST] = content_digest(file)

    def load_own_variables(self, store: Any) -> None:
        """Nothing: it was looked at first."""


def mark_sealed(store: Any) -> None:
    """Says in a trainer's own entry of a file that a seal will follow."""
    if whole_file(store, "") is not None:
        store[SEALED] = np.uint8(1)


def check_seal(store: Any) -> None:
    """Refuses a file whose content is not what its checksum stands for; older files have none.

    Args:
        store: a trainer's own entry.
    """
    file = whole_file(store, "")
    if file is not None:
        name = str(file.filename)  # of an archive's part that was read into memory, no path
        check_sealed_file(file, "of the weights" if name.startswith(("<", "b'<")) else name)


def check_sealed_file(file: Any, path: Any) -> None:
    """The same, for an open HDF5 file.

    Raises:
        DamagedFileError: naming the path.
    """
    try:
        sealed = _PLACE in file
        if not sealed and f"vars/{SEALED}" not in file:
            return
        same = sealed and np.array_equal(np.asarray(file[_PLACE]), content_digest(file))
    except Exception as error:  # HDF5 fails in a dozen ways
        raise damaged(path, error) from None
    if not same:
        raise damaged(path, "its content does not agree with its checksum")


def content_digest(file: Any) -> np.ndarray:
    """The checksum of all arrays of an HDF5 file, by name, type and shape, but for the seal itself."""
    names: list[str] = []
    file.visit(lambda name: names.append(name))
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(names):
        if name.startswith(ATTRIBUTE) or not hasattr(entry := file[name], "shape"):
            continue
        array = np.ascontiguousarray(entry)
        kind = entry.attrs.get("dtype", "")  # by which Keras knows bfloat16
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|{kind}|".encode())
        digest.update(array.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)

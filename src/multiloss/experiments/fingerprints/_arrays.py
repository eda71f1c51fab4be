"""Arrays, every byte of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import ops

from ._node import Node

# Bytes of what is copied at once where an array does not lie in memory as it is read.
_CHUNK = 2**24
_DIGEST_BYTES = 16


def describe_array(value: Any) -> Node | None:
    """An array, a tensor, or a scalar of NumPy; None for anything else."""
    if isinstance(value, np.ma.MaskedArray):
        return Node("masked array", (("data", value.data), ("mask", np.ma.getmaskarray(value))))
    if isinstance(value, np.ndarray | np.generic):
        return _of_numpy(np.asarray(value))
    if not hasattr(value, "shape") or not hasattr(value, "dtype") or isinstance(value, type):
        return None
    if hasattr(value, "to_list") and hasattr(value, "row_splits"):
        return Node("ragged", (("rows", value.to_list()), ("dtype", str(value.dtype))))
    if ops.is_tensor(value):
        return _of_numpy(np.asarray(ops.convert_to_numpy(value)))
    # Of another library, or a handle on a file; sparse matrices have no such method and are told by their parts.
    return _of_numpy(np.asarray(value)) if hasattr(value, "__array__") else None


def _of_numpy(array: np.ndarray) -> Node:
    if array.dtype.names is not None:
        # Field by field: what lies between the fields is left over from before.
        return Node("records", (("shape", array.shape), *((name, array[name]) for name in array.dtype.names)))
    kind = f"array {array.dtype.str if array.dtype.kind != 'V' else array.dtype.name}"
    if array.dtype.hasobject or array.dtype.kind == "T":
        return Node(kind, (("shape", array.shape), ("entries", array.astype(object).ravel().tolist())))
    if array.dtype.kind in "fc" and array.dtype.itemsize > (8 if array.dtype.kind == "f" else 16):
        # An extended number fills a part of its bytes only.
        high = array.astype("complex128" if array.dtype.kind == "c" else "float64")
        return Node(kind, (("high", high), ("low", (array - high).astype(high.dtype))))
    found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for chunk in _chunks(array):
        found.update(chunk)
    return Node(kind, (("shape", array.shape),), own=found.digest())


def _chunks(array: np.ndarray) -> Iterator[Any]:
    """The bytes in the order of the indices, whatever the order in memory."""
    if array.nbytes == 0:
        return
    if array.flags.c_contiguous or array.nbytes <= _CHUNK:
        # A mapped file is read as its bytes are asked for.
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        return
    rows = max(1, _CHUNK * len(array) // array.nbytes)
    for start in range(0, len(array), rows):
        part = array[start : start + rows]
        yield from _chunks(part if len(part) > 1 else part[0])

"""Digests that say whether a stored run still answers the question that is asked now."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from keras import tree

from ._batches import is_arrays

_DIGITS = 12
# Rows of each array that enter a digest: enough to notice other data, cheap for large ones.
_ROWS = 256
_DEPTH = 8


def digest(value: Any) -> str:
    """A short digest of plain data."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def digest_arrays(arrays: Iterable[np.ndarray]) -> str:
    """A short digest of arrays: shapes, dtypes, and every byte."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.shape}{array.dtype}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:_DIGITS]


def digest_data(data: Any) -> str:
    """A short digest of a data set: of arrays up to `_ROWS` rows spread over each; of any other data, its type."""
    if not is_arrays(data):
        return digest(type(data).__qualname__)
    rows = []
    for leaf in tree.flatten(tuple(data)):
        if leaf is None:
            continue
        array = np.asarray(leaf)
        rows += [np.array(array.shape), array[:: max(1, len(array) // _ROWS)]]
    return digest_arrays(rows)


def describe(value: Any, depth: int = _DEPTH) -> Any:
    """Plain data that differs when the value would act differently, and that holds no memory address.

    Objects are known by the source of their class and their config (or attributes), functions by their source and the
    values that they caught, and what is nested deeper than `depth` by its class alone.
    """
    if depth == 0:
        return type(value).__qualname__
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): describe(entry, depth - 1) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [describe(entry, depth - 1) for entry in value]
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return digest_arrays([np.asarray(value)])
    if inspect.isroutine(value) or inspect.isclass(value):
        caught = [cell.cell_contents for cell in getattr(value, "__closure__", None) or () if _filled(cell)]
        chosen = [getattr(value, "__defaults__", None), caught]
        return [getattr(value, "__qualname__", ""), _source(value), describe(chosen, depth - 1)]
    if callable(getattr(value, "get_config", None)):
        # Keras numbers the names of objects (`adam_1`): they say how many there were before.
        config = {key: entry for key, entry in value.get_config().items() if key != "name"}
        return [_source(type(value)), describe(config, depth - 1)]
    return [_source(type(value)), describe(getattr(value, "__dict__", {}), depth - 1)]


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _source(value: Any) -> str:
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):
        return getattr(value, "__qualname__", type(value).__qualname__)

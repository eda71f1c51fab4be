"""DataFrames and Series of any library (pandas, Polars, PyArrow, ...) as arrays; none of them needs to be installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

from ..._core.errors import unknown_name


def columns_of(value: Any) -> list[str] | None:
    """The names of a DataFrame's columns; None for anything else."""
    if not hasattr(value, "__getitem__") or not (hasattr(value, "to_numpy") or hasattr(value, "__dataframe__")):
        return None
    for attribute in ("column_names", "columns"):  # PyArrow's `columns` are the columns themselves
        if (found := getattr(value, attribute, None)) is not None:
            return list(found)
    return None


def targets_of(value: Any, known: Iterable[str], several: bool) -> Any:
    """Targets or weights in which DataFrames are dicts of their columns, or arrays, and Series are columns `(n, 1)`.

    Args:
        value: any structure.
        known: the names of outputs, targets and terms: a frame with one of them goes by its columns.
        several: whether there are several outputs, so that a frame goes by its columns in any case.
    """
    if (columns := columns_of(value)) is None:
        return arrays_of(value)
    known = set(known)
    if not several and not known.intersection(columns):
        return matrix_of(value)
    arrays = {name: column_of(value[name]) for name in columns}
    # What nothing names may be there for another purpose, such as the names of the rows.
    return {name: array for name, array in arrays.items() if name in known or array.dtype.kind in "biuf"}


def inputs_of(value: Any, names: Any) -> Any:
    """Inputs in which a DataFrame is a matrix for the only input, or gives each of several inputs its column.

    Args:
        value: any structure.
        names: the inputs' names in the structure of the model's inputs; None where it does not know them.
    """
    if (columns := columns_of(value)) is None:
        return arrays_of(value)
    if not isinstance(names, Mapping | list | tuple):
        return matrix_of(value)

    def column(name: str) -> np.ndarray:
        if name not in columns:
            raise unknown_name("input in `x`,", name, columns, "A DataFrame must have a column for each input.")
        return column_of(value[name])

    return keras.tree.map_structure(column, names)


def arrays_of(value: Any) -> Any:
    """The same structure with arrays in the place of DataFrames and Series."""
    if isinstance(value, Mapping):
        return {key: arrays_of(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(arrays_of, value)) if type(value) in (list, tuple) else value
    if columns_of(value) is not None:
        return matrix_of(value)
    return column_of(value) if hasattr(value, "to_numpy") else value


def matrix_of(frame: Any) -> np.ndarray:
    """All columns side by side, `(n, columns)`."""
    return np.concatenate([column_of(frame[name]) for name in columns_of(frame) or ()], axis=-1)


def column_of(series: Any) -> np.ndarray:
    """A Series as an array, `(n, 1)` as in Keras; a copy, since what a frame gives cannot always be written to."""
    array = np.array(series.to_numpy())
    if array.dtype.kind == "f":
        array = array.astype(keras.backend.floatx())
    return array[:, None] if array.ndim == 1 else array

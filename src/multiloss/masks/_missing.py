"""Missing labels: NaN, or a value that stands for one."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import keras
import numpy as np

from .._core.errors import invalid
from .._core.typing import Array
from ._arrays import module_of
from ._labels import Labels


def as_missing(value: Any) -> Any:
    """The argument `missing` in one form: None, `"nan"` or a number; NaN itself means `"nan"`."""
    if value is None or value == "nan":
        return value
    if not isinstance(value, Real | np.bool_):
        raise invalid("`missing` must be None, 'nan' or a number", received=value)
    return "nan" if math.isnan(value) else value


def present(labels: Labels) -> Array | None:
    """True where a label is not missing; None when nothing can be missing."""
    values, missing = labels.values, labels.missing
    if missing is None:
        return None
    module, dtype = module_of(values), keras.backend.standardize_dtype(values.dtype)
    if missing == "nan":
        return module.logical_not(module.isnan(values)) if "float" in dtype else None
    if not _can_hold(dtype, missing):
        return None
    return module.not_equal(values, np.asarray(missing).astype(dtype) if module is np else _cast(missing, dtype))


def _cast(missing: Any, dtype: str) -> Array:
    return keras.ops.cast(missing, dtype)


def _can_hold(dtype: str, value: Any) -> bool:
    """Whether labels of this dtype can be the value at all: a cast would wrap -1 in unsigned integers to 255."""
    if "float" in dtype:
        return True
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return float(value).is_integer() and low <= value <= high

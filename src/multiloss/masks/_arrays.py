"""NumPy arrays are handled by NumPy, tensors by Keras: the functions have the same names in both."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops


def module_of(*arrays: Any) -> Any:
    """NumPy where all of them are NumPy arrays, else `keras.ops`."""
    return np if all(isinstance(array, np.ndarray) for array in arrays) else ops


def as_bool(array: Any) -> Any:
    """True where the array is not 0."""
    return array.astype(bool) if isinstance(array, np.ndarray) else ops.cast(array, "bool")

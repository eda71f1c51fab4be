"""A state of float32 and int32 arrays, computed with in the dtype of the losses."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import ops

from .typing import Array, State


def recall(state: State, dtype: str) -> State:
    """The state as tensors: what is no integer in the given dtype, integers as they are."""
    tensors = {name: ops.convert_to_tensor(value) for name, value in state.items()}
    return {name: ops.cast(value, dtype) if _is_float(value) else value for name, value in tensors.items()}


def remember(after: Mapping[str, Array], state: State) -> State:
    """The next state in the dtypes of the last one."""
    return {name: ops.cast(value, _dtype(state[name])) for name, value in after.items()}


def _dtype(value: Array) -> str:
    return keras.backend.standardize_dtype(value.dtype)


def _is_float(value: Array) -> bool:
    return "float" in _dtype(value)

"""Arguments as plain data that survive JSON: what `keras.saving` gives, and what it would lose on the way.

JSON turns the integer keys of a dict into texts and tuples into lists; and some losses and metrics of Keras leave
arguments, such as the `delta` of Huber, out of their config.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from .keras_losses import wrapped_arguments

_PAIRS, _TUPLE = "multiloss>pairs", "multiloss>tuple"


def plain(value: Any) -> Any:
    """The value as data that JSON can hold and `restored` makes it from again."""
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: plain(entry) for key, entry in value.items()}
        return {_PAIRS: [[plain(key), plain(entry)] for key, entry in value.items()]}
    if type(value) is tuple:
        return {_TUPLE: [plain(entry) for entry in value]}
    if type(value) is list:
        return [plain(entry) for entry in value]
    data = keras.saving.serialize_keras_object(value)
    if isinstance(data, dict) and (left_out := _left_out(value, data.get("config"))):
        data["config"] = {**data["config"], **{name: plain(entry) for name, entry in left_out.items()}}
    return data


def restored(data: Any) -> Any:
    """The value from what `plain` gave, also after JSON."""
    if isinstance(data, Mapping):
        if _PAIRS in data:
            return {restored(key): restored(entry) for key, entry in data[_PAIRS]}
        if _TUPLE in data:
            return tuple(restored(entry) for entry in data[_TUPLE])
        if "class_name" not in data:
            return {key: restored(entry) for key, entry in data.items()}
    if isinstance(data, list):
        return [restored(entry) for entry in data]
    return keras.saving.deserialize_keras_object(data)


def _left_out(value: Any, config: Any) -> dict[str, Any]:
    """Arguments of a Keras loss or metric that are not in its config."""
    if not isinstance(value, keras.losses.Loss | keras.metrics.Metric) or not isinstance(config, Mapping):
        return {}
    known = inspect.signature(type(value).__init__).parameters
    held = wrapped_arguments(value)
    if (dtype := value.dtype) != keras.config.floatx():
        held["dtype"] = dtype
    return {name: entry for name, entry in held.items() if name in known and name not in config}

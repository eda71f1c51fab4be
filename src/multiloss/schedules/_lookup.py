"""From a number, a name or a config to a schedule, and back."""

from __future__ import annotations

import numbers
from typing import Any

import keras

from .._core import registry
from .._core.registry import resolve
from .._core.schedule import Schedule
from ._constant import Constant


def get(identifier: Any) -> Schedule:
    """Turns a number, a serialised config, an object, or the name of one without required arguments into a schedule.

    Args:
        identifier: a number means `Constant`.

    Raises:
        ValueError: for a name that nobody knows or that needs arguments, or an object of another kind.

    Example:
        >>> import multiloss as ml
        >>> ml.schedules.get(0.5)
        Constant(value=0.5)
    """
    if isinstance(identifier, numbers.Real):
        return Constant(float(identifier))
    return resolve("schedule", identifier, Schedule)


def serialize(schedule: Schedule) -> dict[str, Any]:
    """The schedule as plain data, which `deserialize` reads."""
    return keras.saving.serialize_keras_object(schedule)


def deserialize(config: dict[str, Any]) -> Schedule:
    """The schedule that `serialize` wrote."""
    return resolve("schedule", config, Schedule)


def names() -> list[str]:
    """The names of all schedules, those that `ml.register` added among them."""
    return registry.names("schedule")

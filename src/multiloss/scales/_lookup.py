"""From what a user writes in `scale=` to a scale, and back."""

from __future__ import annotations

import numbers
from typing import Any

import keras

from .._core import registry
from .._core.registry import resolve
from .._core.scale import Scale
from ._constant import Constant


def get(identifier: Any) -> Scale:
    """Turns a number, a name, a serialised config, an object or None into a scale.

    Args:
        identifier: None means 1, a number means `Constant`.

    Raises:
        ValueError: for a number that is not positive, a name that nobody knows, or an object of another kind.

    Example:
        >>> import multiloss as ml
        >>> ml.scales.get("running_mean"), ml.scales.get(3)
        (RunningMean(), Constant(value=3.0))
    """
    if identifier is None:
        return Constant(1.0)
    if isinstance(identifier, numbers.Real):
        return Constant(identifier)
    return resolve("scale", identifier, Scale)


def serialize(scale: Scale) -> dict[str, Any]:
    """The scale as plain data, which `deserialize` reads."""
    return keras.saving.serialize_keras_object(scale)


def deserialize(config: dict[str, Any]) -> Scale:
    """The scale that `serialize` wrote."""
    return resolve("scale", config, Scale)


def names() -> list[str]:
    """The names of all scales, those that `ml.register` added among them."""
    return registry.names("scale")

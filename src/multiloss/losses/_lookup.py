"""From a name or a config to a loss, and back."""

from __future__ import annotations

from typing import Any, TypeAlias

import keras

from .._core import registry
from .._core.errors import invalid, unknown_name
from .._core.registry import members, resolve

LossLike: TypeAlias = Any
"""A `keras.losses.Loss`, or a function of `(y_true, y_pred)`."""


def get(identifier: Any) -> LossLike:
    """A loss object or a function of `(y_true, y_pred)`.

    multiloss's own names come first, since `"dice"` and `"tversky"` of Keras are ratios over a whole batch; then what
    `keras.losses.get` knows; then every other loss that Keras exports.

    Args:
        identifier: a name, a serialised config, a `keras.losses.Loss` or a function.

    Raises:
        ValueError: for a name that nobody knows, and for anything else.

    Example:
        >>> import multiloss as ml
        >>> ml.losses.get("dice"), type(ml.losses.get("Huber")).__name__
        (Dice(), 'Huber')
    """
    if isinstance(identifier, str):
        return _by_name(identifier)
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, type) or not callable(identifier):
        raise invalid(
            "A loss must be a name, a keras.losses.Loss, or a function of (y_true, y_pred)",
            received=identifier,
            fix=f"Write {identifier.__name__}()." if isinstance(identifier, type) else "",
        )
    return identifier


def serialize(loss: LossLike) -> Any:
    """The loss as plain data, which `deserialize` reads."""
    return keras.saving.serialize_keras_object(loss)


def deserialize(config: Any) -> LossLike:
    """The loss that `serialize` wrote."""
    return get(config)


def names() -> list[str]:
    """The names of multiloss's own losses, those that `ml.register` added among them; `get` knows Keras's too."""
    return registry.names("loss")


def _by_name(name: str) -> LossLike:
    own = members("loss")
    if any(name in (entry.name, *entry.aliases, entry.cls.__name__) for entry in own):
        return resolve("loss", name, keras.losses.Loss)
    try:
        return keras.losses.get(name)
    except ValueError:
        found = getattr(keras.losses, name, None)  # keras.losses.get does not know every loss that Keras exports
    if isinstance(found, type) and issubclass(found, keras.losses.Loss):
        return found()
    known = {entry.name for entry in own} | {entry for entry in dir(keras.losses) if entry[0].isupper()}
    raise unknown_name("loss", name, sorted(known))

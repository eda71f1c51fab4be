"""From a name or a config to a loss, and back."""

from __future__ import annotations

from typing import Any, TypeAlias

import keras

from .._core import registry
from .._core.errors import invalid, unknown_name
from .._core.registry import known_to_keras, members, resolve

LossLike: TypeAlias = Any
"""A `keras.losses.Loss`, or a function of `(y_true, y_pred)`."""


def get(identifier: Any) -> LossLike:
    """A loss object or a function of `(y_true, y_pred)`.

    A name that Keras knows means Keras's loss: `"dice"` is a ratio over a whole batch, and `"soft_dice"`, which stands
    for `ml.losses.Dice()`, has a value for each sample.

    Args:
        identifier: a name, a serialised config, a `keras.losses.Loss` or a function.

    Raises:
        ValueError: for a name that nobody knows, and for anything else.

    Example:
        >>> import multiloss as ml
        >>> ml.losses.get("soft_dice"), type(ml.losses.get("Huber")).__name__
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
    if known_to_keras(name):
        return _of_keras(name)
    own = members("loss")
    if any(name in (entry.name, *entry.aliases, entry.cls.__name__) for entry in own):
        return resolve("loss", name, keras.losses.Loss)
    raise _unknown(name)


def _of_keras(name: str) -> LossLike:
    try:
        return keras.losses.get(name)
    except ValueError:
        found = getattr(keras.losses, name)  # `get` does not know every loss that Keras exports
    if isinstance(found, type) and issubclass(found, keras.losses.Loss):
        return found()
    if callable(found) and name not in ("get", "serialize", "deserialize"):
        return found
    raise _unknown(name)


def _unknown(name: str) -> ValueError:
    own = {entry.name for entry in members("loss")}
    return unknown_name("loss", name, sorted(own | {entry for entry in dir(keras.losses) if entry[0].isupper()}))

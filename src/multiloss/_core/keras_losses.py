"""The arguments that a loss of Keras was made with."""

from __future__ import annotations

from typing import Any

import keras


def argument_of(loss: Any, name: str, default: Any = None) -> Any:
    """An argument of a loss; the default where it has none of that name.

    Not every release of Keras keeps arguments as attributes; the configs of its own classes name them all.

    Args:
        loss: an object, a class, or a function.
        name: of the argument.
        default: for all others.
    """
    if not hasattr(loss, name) and isinstance(loss, keras.losses.Loss) and type(loss).__module__.startswith("keras."):
        return loss.get_config().get(name, default)
    return getattr(loss, name, default)

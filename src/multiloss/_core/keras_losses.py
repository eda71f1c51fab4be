"""What Keras's losses and metrics are made of: their wrapper, and the arguments that it keeps."""

from __future__ import annotations

from typing import Any

import keras

# Keras's `LossFunctionWrapper`, the base of all its losses, has no public name.
LOSS_WRAPPER: Any = keras.losses.MeanSquaredError.__base__


def wrapped_arguments(made: Any) -> dict[str, Any]:
    """The arguments that a wrapper hands on to its function; some, such as `delta` of Huber, are in no config."""
    return dict(getattr(made, "_fn_kwargs", {}))


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

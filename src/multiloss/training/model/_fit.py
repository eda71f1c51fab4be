"""What `fit` adds to that of Keras: the monitor, observers, data read by name, values kept after an error."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras

from .._keras_seams import values_kept
from ._callback_places import check_places
from ._callbacks import FitObserver, TrainingMonitor
from ._named_data import read_arguments
from ._savable import check_saving_callbacks


@contextlib.contextmanager
def prepare_fit(
    trainer: keras.Model, fit: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Iterator[inspect.BoundArguments]:
    """The arguments with which Keras's `fit` shall be called, within the block.

    Args:
        trainer: the trainer.
        fit: Keras's own method.
        args: what the user gave by position.
        kwargs: what the user gave by name.
    """
    bound = inspect.signature(fit).bind(*args, **kwargs)
    read_arguments(trainer, bound)
    callbacks = bound.arguments.get("callbacks")
    monitor = TrainingMonitor()
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks.append(monitor)
        given = callbacks.callbacks
    else:
        given = keras.tree.flatten(callbacks) if callbacks else []
        given = sorted(given, key=lambda callback: not isinstance(callback, FitObserver))
        bound.arguments["callbacks"] = [monitor, *given]
    for callback in given:
        if isinstance(callback, FitObserver):
            callback.on_fit(bound.arguments)
    check_places(given)
    check_saving_callbacks(given, trainer._arguments, trainer.optimizer)
    with values_kept(trainer):
        yield bound

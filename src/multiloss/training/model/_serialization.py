"""What a saved trainer holds beside Keras's own: compile arguments, states of seed generators, captured layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..._core.errors import invalid
from ..._core.plain_data import plain, restored
from .._keras_seams import of_any_backend
from ..reading import seed_states
from ._outside import check_nothing_from_outside
from ._savable import check_savable


def serialize_compile_config(arguments: Mapping[str, Any], optimizer: Any) -> dict[str, Any]:
    """The arguments of `compile` as plain data.

    Raises:
        ValueError: for a lambda and other things that Keras could write and not read again, by the place they stand in.
    """
    check_savable(arguments, optimizer)
    config = {key: plain(value) for key, value in arguments.items()}
    config["optimizer"] = keras.saving.serialize_keras_object(optimizer)
    return config


def deserialize_compile_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `compile` from plain data.

    Raises:
        ValueError: for anything that would be code from outside, before it or anything else is made.
    """
    check_nothing_from_outside(config)
    return {key: restored(of_any_backend(value) if key == "optimizer" else value) for key, value in config.items()}


PAYING = "captured"


def save_own(trainer: Any, store: Any) -> None:
    """Writes the states of all seed generators, and those of the backend's own generator where Keras draws from it.

    And which layers are captured, which was found by the first batch.
    """
    if trainer.program is not None and trainer.program.paying:
        store[PAYING] = np.asarray(trainer.program.paying, np.uint8)
    for index, variable in enumerate(seed_states(trainer.variables, trainer.weights)):
        store[f"seed_{index}"] = np.asarray(keras.ops.convert_to_numpy(variable))
    for key, value in _backend_state(trainer).items():
        store[key] = value


def load_own(trainer: Any, store: Any) -> None:
    """Reads what `save_own` wrote."""
    states = seed_states(trainer.variables, trainer.weights)
    keys = list(store.keys())  # a store gives its keys, but is no mapping
    saved = [key for key in keys if key.startswith("seed_")]
    if len(saved) != len(states):
        raise invalid(
            f"The file must hold the states of {len(states)} seed generators", received=f"{len(saved)} states"
        )
    for index, variable in enumerate(states):
        variable.assign(np.asarray(store[f"seed_{index}"]))
    if trainer.program is not None and PAYING in keys:
        trainer.program.paying = [bool(pays) for pays in np.asarray(store[PAYING])]
    backend_state = {key: np.asarray(store[key]) for key in _backend_state(trainer) if key in keys}
    if backend_state:
        trainer.program.restore_random_state(backend_state)


def _backend_state(trainer: Any) -> dict[str, Any]:
    """The state of the backend's own generator; nothing before `compile`."""
    return {} if trainer.program is None else trainer.program.random_state()

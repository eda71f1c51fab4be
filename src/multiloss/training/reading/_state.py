"""All state of training beside the model's own: one layer of variables, tracked, compiled and saved by Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ..._core.typing import State
from .._keras_seams import untracked


class TrainingState(keras.layers.Layer):
    """Holds named variables that are not trainable to the user's optimizer.

    The variables are made at compile, never later: only then do all backends carry them through a compiled step.
    """

    def __init__(self) -> None:
        super().__init__(name="training_state", dtype="float32")
        self.built = True
        self.keys: list[str] = []
        untracked(self, _attributes={})
        self.noise: keras.random.SeedGenerator | None = None

    def reset(self, values: Mapping[str, Any], noise: bool) -> None:
        """Replaces all variables by new ones with the given values.

        Args:
            values: initial values by key.
            noise: whether to make a seed generator for randomised balancers.
        """
        for key in list(self.keys):
            delattr(self, self._attributes[key])
        self.keys = list(values)
        # By place: two keys, such as `a/b` and `a__b`, must never come to one attribute, and so to one variable.
        untracked(self, _attributes={key: f"variable_{place}" for place, key in enumerate(values)})
        for key, value in values.items():
            array = np.asarray(value)
            dtype = "int32" if np.issubdtype(array.dtype, np.integer) else "float32"
            variable = keras.Variable(
                array.astype(dtype), trainable=False, dtype=dtype, autocast=False, name=key.replace("/", "_")
            )
            setattr(self, self._attributes[key], variable)
        if noise and self.noise is None:
            self.noise = keras.random.SeedGenerator()

    def __getitem__(self, key: str) -> keras.Variable:
        """The variable of a key."""
        return getattr(self, self._attributes[key])

    def read(self, prefix: str) -> State:
        """The values of all variables under a prefix, as a flat dict of tensors that later writes do not touch."""
        return {key.removeprefix(prefix): self[key].value * 1 for key in self.keys if key.startswith(prefix)}

    def write(self, prefix: str, state: State) -> None:
        """Assigns the values of a flat dict to the variables under a prefix."""
        for key, value in state.items():
            self[prefix + key].assign(value)


def seed_states(variables: Sequence[keras.Variable], weights: Sequence[keras.Variable]) -> list[keras.Variable]:
    """The states of all seed generators: what Keras counts among a model's variables and not among its weights."""
    known = {id(variable) for variable in weights}
    return [variable for variable in variables if id(variable) not in known]

"""Runs a balancer on NumPy arrays, compiled or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Signals
from ._inputs import Inputs

Compiler = Callable[[Callable[..., Any]], Callable[..., Any]]
Arrays = dict[str, np.ndarray]


def accepted_sizes(balancer: Balancer, sizes: Sequence[int]) -> list[int]:
    """The numbers of terms that the balancer can be made for: one with K given weights takes K terms only."""
    accepted = []
    for size in sizes:
        try:
            balancer.init(size)
        except ValueError:
            continue
        accepted.append(size)
    return accepted


class Run:
    """A balancer as a function of NumPy arrays; it reads the losses after each update, if it asks for them.

    Args:
        balancer: the object.
        compile: such as `jax.jit` or `tf.function`; None to run it as it is.
    """

    def __init__(self, balancer: Balancer, compile: Compiler | None = None):
        self.balancer = balancer

        def weights(arrays: dict[str, Any], state: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            signals = Signals(**{name: array for name, array in arrays.items() if name != "again"})
            weights, state = balancer.weights(signals, state)
            if "again" in arrays:
                state = balancer.after_update(replace(signals, losses=arrays["again"]), state)
            return weights, state

        def published(arrays: dict[str, Any], state: dict[str, Any]) -> tuple[Any, Any]:
            signals = Signals(**arrays)
            return balancer.raw_weights(signals, state)[0], balancer.objective(signals, state)

        self._weights = weights if compile is None else compile(weights)
        self._published = published if compile is None else compile(published)

    def start(self, num_terms: int) -> Arrays:
        """The state before the first step."""
        return {name: np.asarray(value) for name, value in self.balancer.init(num_terms).items()}

    def __call__(self, inputs: Inputs, state: Arrays | None = None, steps: int = 1) -> tuple[np.ndarray, Arrays]:
        """The weights of the last of some steps along the inputs' history, and the state after it."""
        state = self.start(len(inputs.losses)) if state is None else state
        tensors = {name: ops.convert_to_tensor(value) for name, value in state.items()}
        weights: Any = None
        for step in range(steps):
            now = inputs.at(step, steps)
            arrays = now.arrays(self.balancer.needs)
            if self.balancer.reads_after_update:
                arrays["again"] = ops.convert_to_tensor((now.losses * now.response).astype("float32"))
            weights, tensors = self._weights(arrays, tensors)
        return ops.convert_to_numpy(weights), {
            name: np.array(ops.convert_to_numpy(value)) for name, value in tensors.items()
        }

    def published(self, inputs: Inputs, state: Arrays) -> tuple[np.ndarray, Any]:
        """The raw weights of one step, and the objective, or None."""
        tensors = {name: ops.convert_to_tensor(value) for name, value in state.items()}
        raw, objective = self._published(inputs.arrays(self.balancer.needs), tensors)
        return ops.convert_to_numpy(raw), None if objective is None else ops.convert_to_numpy(objective)

"""Runs a balancer on NumPy arrays, compiled or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Signals

Compiler = Callable[[Callable[..., Any]], Callable[..., Any]]
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Inputs:
    """What a balancer reads in one step, as NumPy arrays, in float64; K terms.

    Attributes:
        losses: shape `(K,)`.
        gramian: shape `(K, K)`.
        present: shape `(K,)`, bool.
        noise: of the shape that the balancer asks for, or None.
        step: steps applied before.
    """

    losses: np.ndarray
    gramian: np.ndarray
    present: np.ndarray
    noise: np.ndarray | None = None
    step: int = 0

    def scaled(self, factors: np.ndarray | float) -> Inputs:
        """Each term multiplied by its factor."""
        factors = np.broadcast_to(factors, self.losses.shape)
        return replace(self, losses=self.losses * factors, gramian=self.gramian * factors[:, None] * factors[None, :])

    def selected(self, index: np.ndarray) -> Inputs:
        """The terms of these indices, in this order."""
        terms = len(self.losses)
        noise = self.noise
        for axis, size in enumerate(() if noise is None else noise.shape):
            if size == terms and noise is not None:
                noise = np.take(noise, index, axis=axis)
        return replace(
            self,
            losses=self.losses[index],
            gramian=self.gramian[np.ix_(index, index)],
            present=self.present[index],
            noise=noise,
        )

    def arrays(self) -> dict[str, Any]:
        """As tensors of the backend, float32."""
        named = {
            "losses": self.losses.astype("float32"),
            "present": self.present,
            "norms": np.sqrt(np.clip(np.diagonal(self.gramian), 0.0, None)).astype("float32"),
            "gramian": self.gramian.astype("float32"),
            "step": np.asarray(self.step, "int32"),
            "epoch": np.asarray(0, "int32"),
        }
        if self.noise is not None:
            named["noise"] = self.noise.astype("float32")
        return {name: ops.convert_to_tensor(value) for name, value in named.items()}


def make_inputs(balancer: Balancer, jacobian: np.ndarray, seed: int = 0) -> Inputs:
    """Random losses between 0.1 and 10, and noise, to go with gradients of shape `(K, P)`."""
    rng = np.random.default_rng(seed)
    terms = len(jacobian)
    shape = balancer.noise_shape(terms)
    return Inputs(
        losses=10.0 ** rng.uniform(-1.0, 1.0, size=terms),
        gramian=jacobian @ jacobian.T,
        present=np.ones(terms, bool),
        noise=None if shape is None else rng.random(shape),
    )


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
    """A balancer as a function of NumPy arrays.

    Args:
        balancer: the object.
        compile: such as `jax.jit` or `tf.function`; None to run it as it is.
    """

    def __init__(self, balancer: Balancer, compile: Compiler | None = None):
        self.balancer = balancer

        def weights(arrays: dict[str, Any], state: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            return balancer.weights(Signals(**arrays), state)

        self._weights = weights if compile is None else compile(weights)

    def start(self, num_terms: int) -> Arrays:
        """The state before the first step."""
        return {name: np.asarray(value) for name, value in self.balancer.init(num_terms).items()}

    def __call__(self, inputs: Inputs, state: Arrays | None = None, steps: int = 1) -> tuple[np.ndarray, Arrays]:
        """The weights of the last of some equal steps, and the state after it."""
        state = self.start(len(inputs.losses)) if state is None else state
        tensors = {name: ops.convert_to_tensor(value) for name, value in state.items()}
        weights: Any = None
        for step in range(steps):
            weights, tensors = self._weights(replace(inputs, step=inputs.step + step).arrays(), tensors)
        return ops.convert_to_numpy(weights), {
            name: np.array(ops.convert_to_numpy(value)) for name, value in tensors.items()
        }

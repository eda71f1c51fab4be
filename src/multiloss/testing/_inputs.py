"""What a balancer reads in the steps of a test, as NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs
from ._loss_samplers import sample_losses

# So many steps show a memory at work; two steps make an epoch.
STEPS = 8
EPOCH = 2


@dataclass(frozen=True)
class Inputs:
    """What a balancer reads, as NumPy arrays, in float64; K terms.

    Attributes:
        losses: shape `(K,)`: those of the last step.
        gramian: shape `(K, K)`: of the last step.
        present: shape `(K,)`, bool.
        noise: of the shape that the balancer asks for, or None.
        monitored: of the length that the balancer asks for, or None.
        step: steps applied before.
        history: shape `(steps, K)`: losses of the steps before over those of the last; its last row is ones.
        response: shape `(K,)`: losses of the same batch after the update over those before it.
    """

    losses: np.ndarray
    gramian: np.ndarray
    present: np.ndarray
    noise: np.ndarray | None
    monitored: np.ndarray | None
    step: int
    history: np.ndarray
    response: np.ndarray

    def scaled(self, factors: np.ndarray | float) -> Inputs:
        """Each term multiplied by its factor."""
        factors = np.broadcast_to(factors, self.losses.shape)
        return replace(self, losses=self.losses * factors, gramian=self.gramian * factors[:, None] * factors[None, :])

    def selected(self, index: np.ndarray) -> Inputs:
        """The terms of these indices, in this order."""
        return replace(
            self,
            losses=self.losses[index],
            gramian=self.gramian[np.ix_(index, index)],
            present=self.present[index],
            noise=self._selected(self.noise, index),
            monitored=self._selected(self.monitored, index),
            history=self.history[:, index],
            response=self.response[index],
        )

    def _selected(self, array: np.ndarray | None, index: np.ndarray) -> np.ndarray | None:
        """The same choice along every axis that has an entry for each term."""
        terms = len(self.losses)
        for axis, size in enumerate(() if array is None else array.shape):
            if size == terms and array is not None:
                array = np.take(array, index, axis=axis)
        return array

    def steady(self) -> Inputs:
        """The same terms, with losses that do not move."""
        return replace(self, history=np.ones_like(self.history))

    def at(self, index: int, steps: int) -> Inputs:
        """The inputs of one of so many steps; those of the last step are these inputs."""
        back = steps - 1 - index
        moved = self.scaled(self.history[-1 - back % len(self.history)])
        # Turning uniform noise by the golden ratio gives other uniform noise.
        noise = self.noise if self.noise is None or not back else (self.noise + 0.618034 * back) % 1.0
        return replace(moved, step=self.step + index, noise=noise)

    def arrays(self, needs: Needs) -> dict[str, Any]:
        """What training would give to a balancer with these needs, as tensors of the backend, float32."""
        named = {
            "losses": self.losses.astype("float32"),
            "present": self.present,
            "step": np.asarray(self.step, "int32"),
            "epoch": np.asarray(self.step // EPOCH, "int32"),
        }
        if needs is not Needs.LOSSES:
            named["norms"] = np.sqrt(np.clip(np.diagonal(self.gramian), 0.0, None)).astype("float32")
        if needs is Needs.GRAMIAN:
            named["gramian"] = self.gramian.astype("float32")
        if self.noise is not None:
            named["noise"] = self.noise.astype("float32")
        if self.monitored is not None:
            named["monitored"] = self.monitored.astype("float32")
        return {name: ops.convert_to_tensor(value) for name, value in named.items()}


def make_inputs(balancer: Balancer, jacobian: np.ndarray, seed: int = 0, losses: np.ndarray | None = None) -> Inputs:
    """Random inputs to go with gradients of shape `(K, P)`.

    Args:
        balancer: says what noise and which logs it reads.
        jacobian: the gradients in the last step.
        seed: of the random numbers.
        losses: shape `(steps, K)`; None for losses between 0.1 and 10 that wander.
    """
    rng = np.random.default_rng(seed)
    terms = len(jacobian)
    if losses is None:
        level = 10.0 ** rng.uniform(-1.0, 1.0, size=terms)
        losses = level * next(sample_losses(terms, STEPS, seed=seed)).history
    shape = balancer.noise_shape(terms)
    logs = balancer.monitors(terms)
    return Inputs(
        losses=losses[-1],
        gramian=jacobian @ jacobian.T,
        present=np.ones(terms, bool),
        noise=None if shape is None else rng.random(shape),
        monitored=rng.uniform(0.1, 0.9, size=len(logs)) if logs else None,
        step=0,
        history=losses / losses[-1],
        response=rng.uniform(0.7, 1.1, size=terms),
    )

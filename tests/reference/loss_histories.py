"""Losses over many steps, some absent, and what a balancer makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from keras import ops

from multiloss import Balancer, Signals


def random_history(seed: int, steps: int, num_terms: int, present: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """Losses of different size that fall with noise, float64, and whether each is present; `(steps, K)` both."""
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.uniform(-3, 3, size=num_terms)
    losses = sizes * rng.uniform(0.9, 1.0, size=num_terms) ** np.arange(steps)[:, None]
    losses = losses * rng.uniform(0.7, 1.3, size=(steps, num_terms))
    # What the balancer reads is float32: so does the reference.
    return losses.astype("float32").astype(float), rng.random((steps, num_terms)) < present


class Follow:
    """A balancer step by step, on NumPy arrays.

    Args:
        balancer: the object.
        num_terms: K.
    """

    def __init__(self, balancer: Balancer, num_terms: int):
        self.balancer = balancer
        self.state = balancer.init(num_terms)
        self.steps = 0

    def __call__(
        self, losses: Sequence[float] | np.ndarray, present: Sequence[bool] | np.ndarray | None = None, **read: object
    ) -> np.ndarray:
        """The weights of the next step; `read` holds the epoch, the noise and the monitored logs."""
        signals = self.signals(losses, present, **read)
        weights, self.state = self.balancer.weights(signals, self.state)
        self.steps += 1
        return np.asarray(ops.convert_to_numpy(weights), float)

    def after_update(self, losses: Sequence[float] | np.ndarray, present: Sequence[bool] | np.ndarray) -> None:
        """The losses of the same batch after the update."""
        self.state = self.balancer.after_update(self.signals(losses, present), self.state)

    def signals(self, losses: object, present: object, **read: object) -> Signals:
        losses = np.asarray(losses, "float32")
        present = np.ones(len(losses), bool) if present is None else np.asarray(present, bool)
        arrays = {"epoch": np.asarray(read.pop("epoch", 0), "int32"), "step": np.asarray(self.steps, "int32")}
        arrays |= {name: np.asarray(value, "float32") for name, value in read.items()}
        arrays |= {"losses": np.where(present, losses, np.float32(0.0)), "present": present}
        return Signals(**{name: ops.convert_to_tensor(value) for name, value in arrays.items()})

    def remembered(self) -> dict[str, np.ndarray]:
        """The state, as NumPy arrays."""
        return {name: np.array(ops.convert_to_numpy(value)) for name, value in self.state.items()}


def softmax(logits: np.ndarray) -> np.ndarray:
    """The plain softmax of a vector."""
    sizes = np.exp(logits - np.max(logits))
    return sizes / np.sum(sizes)

"""What the members share that learn a log-variance for each term."""

from __future__ import annotations

import abc
from typing import ClassVar

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.linalg import to_float
from .._core.typing import Array, State, Weights
from ._arguments import positive_number

# The slope in s cannot exceed the penalty's; an outlier may pull this many times harder the other way, no more.
PULL = 10.0


class LearnedVariance(Balancer):
    """Minimises sum_i c_i exp(-s_i) L_i + P(s_i) over the model and over s, which the balancer steps itself.

    The step is s_i <- s_i - learning_rate * (P'(s_i) - c_i exp(-s_i) L_i), with the slope clipped to
    `[-PULL * steepest, steepest]`; s stays in `[-clamp, clamp]`.

    Args:
        learning_rate: the step on s.
        clamp: the bound on s.
        normalize: as for every `Balancer`.
    """

    needs: ClassVar[Needs] = Needs.LOSSES
    steepest: ClassVar[float]

    def __init__(self, learning_rate: float = 0.05, clamp: float = 10.0, *, normalize: str = "sum_to_k"):
        super().__init__(normalize)
        self.learning_rate = positive_number("learning_rate", learning_rate)
        self.clamp = positive_number("clamp", clamp)

    @abc.abstractmethod
    def factors(self, num_terms: int) -> list[float]:
        """c, one number for each term."""

    @abc.abstractmethod
    def penalty(self, s: Array) -> tuple[Array, Array]:
        """P(s) and P'(s), shape `(K,)` each; P' is at most `steepest`."""

    def init(self, num_terms: int) -> State:
        """Log-variances of 0, shape `(K,)`."""
        self.factors(num_terms)
        return {"log_variance": np.zeros(num_terms, "float32")}

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """c exp(-s), and s after its own step; the s of absent terms rests."""
        losses, s, weights = self._parts(signals, state)
        slope = ops.clip(self.penalty(s)[1] - weights * losses, -PULL * self.steepest, self.steepest)
        moved = ops.clip(s - self.learning_rate * slope, -self.clamp, self.clamp)
        moved = ops.where(signals.present, moved, s)
        return weights, {"log_variance": ops.cast(moved, state["log_variance"].dtype)}

    def objective(self, signals: Signals, state: State) -> Array:
        """The penalised sum over the present terms, with the state that the weights of the step came from."""
        losses, s, weights = self._parts(signals, state)
        terms = weights * losses + self.penalty(s)[0]
        return ops.sum(ops.where(signals.present, terms, ops.zeros_like(terms)))

    def _parts(self, signals: Signals, state: State) -> tuple[Array, Array, Array]:
        losses = to_float(signals.losses)
        s = ops.cast(state["log_variance"], losses.dtype)
        factors = ops.convert_to_tensor(self.factors(losses.shape[0]), dtype=losses.dtype)
        return losses, s, factors * ops.exp(-s)

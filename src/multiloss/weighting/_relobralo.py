"""ReLoBRaLo: relative loss balancing with random lookback."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.memory import recall, remember
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._present import count, ratio, softmax


@register(
    "relobralo",
    paper="arXiv:2110.09813",
    properties=("non_negative", "permutation_equivariant", "scale_invariant"),
    cases=({}, {"alpha": 0.5, "rho": 0.5, "temperature": 0.5}),
)
class ReLoBRaLo(Balancer):
    """Weighs each term by its loss relative to the last step and, at random, to the first; the usual choice for PINNs.

    b(t, t') = K softmax_i(L_i(t) / (T L_i(t'))) and
    w(t) = alpha (rho w(t - 1) + (1 - rho) b(t, 0)) + (1 - alpha) b(t, t - 1), where rho is 1 with the probability
    `rho` and 0 otherwise, drawn anew in each step for all terms. A term whose loss fell less than the others' gains. A
    large `alpha` moves the weights slowly; a `rho` below 1 now and then throws them back to the progress since the
    start.

    Steps are each term's own: in the first step in which it is present its weight is 1 and its loss becomes L_i(0); in
    the second alpha is 0, so that the weights begin at b(1, 0); then the formula holds. An absent term's weight and
    losses rest. A loss that was not positive has no ratio; it counts as 1.

    Needs positive losses, whose units do not matter, and noise. One backward pass.

    Args:
        alpha: the share of what was, in [0, 1].
        rho: the probability of keeping the last weights, in [0, 1]; the share alpha of the others looks back to the
            first loss.
        temperature: T, positive; smaller spreads the weights.
        normalize: `"sum_to_k"` (default) or `"none"`; the published weights sum to K while all terms are present.

    Raises:
        ValueError: for an `alpha` or `rho` outside [0, 1], or a `temperature` that is not positive.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import ReLoBRaLo
        >>> balancer = ReLoBRaLo()
        >>> state = balancer.init(2)
        >>> for losses in ([8.0, 8.0], [8.0, 4.0]):
        ...     signals = Signals(np.array(losses, "float32"), np.array([True, True]), noise=np.array(0.5))
        ...     weights, state = balancer.weights(signals, state)
        >>> [round(float(weight), 3) for weight in weights]
        [1.245, 0.755]

    Differs from the official code: its command line has a `rho` of 1, which never looks back; others take 0.99. The
    first losses are part of the state, so that a run that is taken up again does not divide by zeros.

    Reference: Bischof and Kraus, "Multi-objective loss balancing for physics-informed deep learning", 2021,
    arXiv:2110.09813.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(
        self, alpha: float = 0.999, rho: float = 0.99, *, temperature: float = 1.0, normalize: str = "sum_to_k"
    ):
        super().__init__(normalize)
        for name, value in (("alpha", alpha), ("rho", rho)):
            if not 0.0 <= value <= 1.0:
                raise invalid(f"`{name}` must be between 0 and 1", received=value)
        if not (math.isfinite(temperature) and temperature > 0):
            raise invalid("`temperature` must be a positive finite number", received=temperature)
        self.alpha = float(alpha)
        self.rho = float(rho)
        self.temperature = float(temperature)

    def init(self, num_terms: int) -> State:
        """For each term: its weight, its first and its last loss, and the number of steps in which it was present."""
        return {
            "weight": np.ones(num_terms, "float32"),
            "first": np.zeros(num_terms, "float32"),
            "last": np.zeros(num_terms, "float32"),
            "count": np.zeros(num_terms, "int32"),
        }

    def noise_shape(self, num_terms: int) -> tuple[int, ...]:
        """One number: all terms look back together."""
        return ()

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The published weights, and the state with the losses of this step."""
        losses = to_float(signals.losses)
        present = ops.convert_to_tensor(signals.present)
        memory = recall(state, losses.dtype)
        begins, second = memory["count"] == 0, memory["count"] == 1
        first = ops.where(begins, losses, memory["first"])
        last = ops.where(begins, losses, memory["last"])
        keeps = ops.cast(ops.cast(signals.noise, losses.dtype) < self.rho, losses.dtype)
        kept = keeps * memory["weight"] + (1.0 - keeps) * self._balanced(losses, first, present)
        recent = self._balanced(losses, last, present)
        weights = ops.where(second, recent, self.alpha * kept + (1.0 - self.alpha) * recent)
        weights = ops.where(begins, ops.ones_like(weights), weights)
        after = {"weight": weights, "first": first, "last": losses, "count": memory["count"] + 1}
        moved = {name: ops.where(present, value, memory[name]) for name, value in after.items()}
        return weights, remember(moved, state)

    def _balanced(self, losses: Array, reference: Array, present: Array) -> Array:
        """b(t, t'): K times the softmax of the relative losses."""
        relative = ratio(losses, reference) / self.temperature
        return count(present, losses.dtype) * softmax(relative, present)

"""Smooths the weights of any balancer over the steps."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.errors import invalid
from .._core.registry import register, resolve
from .._core.typing import Array, State, Weights
from ._uncertainty import Uncertainty

_INNER = "inner/"


@register(
    "smoothed",
    paper="Zhou et al., NeurIPS 2022",
    properties=("non_negative",),
    cases=(
        {"balancer": Uncertainty(kind=["regression", "classification"])},
        {"balancer": "pcgrad", "decay": 0.5},
    ),
)
class Smoothed(Balancer):
    """The running mean of another balancer's weights: one noisy batch no longer decides a step.

    m_t = decay m_{t-1} + (1 - decay) what_t from m_0 = 0, and w_t = m_t / (1 - decay^t), where what_t are the inner
    balancer's weights, normalised as that one is told. So the first weights are the inner one's. Each term has its own
    t, the number of steps it was present in: the mean of an absent term rests.

    It reads what the inner balancer reads, costs what that one costs, and has its options on what is shared and how
    heads are weighted. Its own weights are not the derivative of an `objective`, so none is logged. Of the inner
    balancer's properties it keeps those that a mean keeps, such as weights that are not negative; a guarantee that
    holds for the gradients of one step, such as no conflict, is lost.

    Args:
        balancer: a registered name or an object; it may read losses or gradients.
        decay: the memory, in [0, 1): 0.9 averages about the last 10 steps.
        normalize: `"sum_to_k"` (default), or `"none"` for the mean as it is.

    Raises:
        ValueError: for an unknown name, or a `decay` outside its range.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import Smoothed
        >>> balancer, state = Smoothed("log_sum", decay=0.5), None
        >>> for losses in ([1.0, 1.0], [3.0, 1.0]):
        ...     signals = Signals(losses=np.array(losses, "float32"), present=np.array([True, True]))
        ...     weights, state = balancer.weights(signals, balancer.init(2) if state is None else state)
        >>> [round(float(weight), 4) for weight in weights]
        [0.6667, 1.3333]

    Differs from the paper: it takes any balancer, not gradient methods alone; the mean is corrected for its start at 0
    and rests for absent terms.

    Reference: Zhou et al., "On the convergence of stochastic multi-objective gradient manipulation and beyond",
    NeurIPS 2022.
    """

    # Of the class, for its default; an object has those of the balancer inside.
    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(self, balancer: str | Balancer = "log_sum", decay: float = 0.9, *, normalize: str = "sum_to_k"):
        super().__init__(normalize)
        if not isinstance(decay, int | float) or not 0.0 <= decay < 1.0:
            raise invalid("`decay` must be at least 0 and below 1", received=decay)
        self.balancer: Balancer = resolve("balancer", balancer, Balancer)
        self.decay = float(decay)
        self.needs = self.balancer.needs  # type: ignore[misc]

    @property
    def unwrapped(self) -> Balancer:
        """The balancer inside, which decides what is read."""
        return self.balancer.unwrapped

    @property
    def reads_after_update(self) -> bool:
        """As the balancer inside."""
        return self.balancer.reads_after_update

    def noise_shape(self, num_terms: int) -> tuple[int, ...] | None:
        """As the balancer inside."""
        return self.balancer.noise_shape(num_terms)

    def monitors(self, num_terms: int) -> tuple[str, ...]:
        """As the balancer inside."""
        return self.balancer.monitors(num_terms)

    def present(self, signals: Signals) -> Array:
        """As the balancer inside."""
        return self.balancer.present(signals)

    def init(self, num_terms: int) -> State:
        """The sum of the weights and of what they count, shape `(K,)` each, and the inner state by a prefix."""
        inner = self.balancer.init(num_terms)
        return {
            "total": np.zeros(num_terms, "float32"),
            "weight": np.zeros(num_terms, "float32"),
            **{_INNER + name: value for name, value in inner.items()},
        }

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The mean of the inner weights, and its next state."""
        new, inner = self.balancer.weights(signals, _inner(state))
        present, share = self.present(signals), 1.0 - self.decay
        total, weight = ops.cast(state["total"], new.dtype), ops.cast(state["weight"], new.dtype)
        total = ops.where(present, self.decay * total + share * new, total)
        weight = ops.where(present, self.decay * weight + share, weight)
        after = {
            "total": ops.cast(total, state["total"].dtype),
            "weight": ops.cast(weight, state["weight"].dtype),
            **{_INNER + name: value for name, value in inner.items()},
        }
        return total / ops.where(weight > 0, weight, ops.ones_like(weight)), after

    def after_update(self, signals: Signals, state: State) -> State:
        """The inner balancer's state after the update; the mean stays."""
        inner = self.balancer.after_update(signals, _inner(state))
        return {**state, **{_INNER + name: value for name, value in inner.items()}}


def _inner(state: State) -> State:
    return {name.removeprefix(_INNER): value for name, value in state.items() if name.startswith(_INNER)}

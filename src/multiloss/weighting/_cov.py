"""Coefficient-of-variation weighting: what still varies is still being learnt."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.memory import recall, remember
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._present import LARGEST_RATIO, SMALLEST, complete, shares_of

# Added to the variance of the loss ratios, which have no unit: constant losses weigh equally.
LEAST_VARIANCE = 1e-8


@register(
    "cov",
    paper="arXiv:2009.01717",
    properties=("non_negative", "permutation_equivariant", "scale_invariant", "deterministic"),
    cases=({}, {"decay": 0.5}),
)
class CoV(Balancer):
    """Weighs each term by the coefficient of variation of its loss: no parameter, and no unit.

    l_i(t) = L_i(t) / mu_i(t - 1), the loss over its own running mean; c_i = sigma(l_i) / mean(l_i) over all past steps;
    w_i = c_i / sum_j c_j. A loss that still changes much from its mean is worth more than one that has settled. Noise
    counts as change: a noisy loss that teaches nothing is weighed up too.

    The weights of a step use the statistics before it. The statistics of a term count the steps in which it is present;
    for its first two it gets the mean weight, so that training begins with equal weights. sigma^2 is the population
    variance plus 1e-8. A loss whose running mean is 0 counts as 1.

    Needs positive losses, whose units do not matter. One backward pass.

    Args:
        decay: None (default) for the mean and variance of all past steps; or the memory in (0, 1) of exponentially
            weighted ones, 0.99 for about the last 100 steps.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights, which sum to 1.

    Raises:
        ValueError: for a `decay` outside (0, 1).

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import CoV
        >>> balancer = CoV()
        >>> state = balancer.init(2)
        >>> for losses in ([8.0, 8.0], [4.0, 6.0], [2.0, 5.0]):
        ...     weights, state = balancer.weights(Signals(np.array(losses), np.array([True, True])), state)
        >>> [round(float(weight), 3) for weight in weights]
        [1.4, 0.6]

    Differs from the official code: with a decay, the variance is exponentially weighted like the mean; there, the sum
    of squares grows for ever and is divided by the number of steps.

    Reference: Groenendijk, Karaoglu, Gevers and Mensink, "Multi-loss weighting with coefficient of variations", WACV
    2021, arXiv:2009.01717.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(self, decay: float | None = None, normalize: str = "sum_to_k"):
        super().__init__(normalize)
        if decay is not None and not 0.0 < decay < 1.0:
            raise invalid("`decay` must be None, or a number between 0 and 1", received=decay)
        self.decay = None if decay is None else float(decay)

    def init(self, num_terms: int) -> State:
        """For each term: the mean of its loss, mean and variance of its loss ratio, and the number of steps."""
        return {
            "mean_loss": np.zeros(num_terms, "float32"),
            "mean": np.zeros(num_terms, "float32"),
            "variance": np.zeros(num_terms, "float32"),
            "count": np.zeros(num_terms, "int32"),
        }

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The shares of the coefficients before this step, and the statistics after it."""
        losses = to_float(signals.losses)
        present = ops.convert_to_tensor(signals.present)
        memory = recall(state, losses.dtype)
        known = ops.logical_and(present, memory["count"] >= 2)
        deviation = ops.sqrt(memory["variance"] + LEAST_VARIANCE)
        size = ops.abs(memory["mean"])
        # Ratios of losses that change sign may have a mean of 0; the coefficient stays finite.
        coefficients = deviation / ops.where(size * LARGEST_RATIO > deviation, size, deviation / LARGEST_RATIO)
        shares = complete(shares_of(coefficients, known), known, present)
        return shares, remember(self._observe(memory, losses, present), state)

    def _observe(self, memory: State, losses: Array, present: Array) -> State:
        """West's recursion: with a = 1 / n it is Welford's; with a = 1 - decay it is exponentially weighted."""
        counted = memory["count"] + 1
        share = 1.0 / ops.cast(counted, losses.dtype)
        if self.decay is not None:
            share = ops.clip(share, 1.0 - self.decay, 1.0)
        reference = ops.where(memory["count"] == 0, losses, memory["mean_loss"])
        usable = ops.abs(reference) >= SMALLEST
        relative = losses / ops.where(usable, reference, ops.ones_like(reference))
        relative = ops.where(usable, ops.clip(relative, -LARGEST_RATIO, LARGEST_RATIO), ops.ones_like(relative))
        step = relative - memory["mean"]
        after = {
            "mean_loss": memory["mean_loss"] + share * (losses - memory["mean_loss"]),
            "mean": memory["mean"] + share * step,
            "variance": (1.0 - share) * (memory["variance"] + share * step * step),
            "count": counted,
        }
        return {name: ops.where(present, value, memory[name]) for name, value in after.items()}

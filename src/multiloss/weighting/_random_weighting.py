"""Weights drawn anew in each step."""

from __future__ import annotations

import math
from typing import ClassVar

from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.registry import register
from .._core.typing import State, Weights
from ._present import softmax


@register(
    "random_weighting",
    aliases=("rlw", "random"),
    paper="arXiv:2111.10603",
    properties=("non_negative", "permutation_equivariant", "scale_invariant", "stateless"),
)
class RandomWeighting(Balancer):
    """Softmax of fresh normal noise in each step: the baseline that a balancer should beat.

    w_i = exp(z_i) / sum_j exp(z_j) with z standard normal and independent; each weight is 1 / K in the mean. The noise
    comes from the trainer's seed generator, so that a seed gives the same training again.

    Needs noise, and nothing of the terms. One backward pass.

    Args:
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights, which sum to 1.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import RandomWeighting
        >>> signals = Signals(
        ...     losses=np.ones(2, "float32"), present=np.array([True, True]), noise=np.array([0.5, 0.25], "float32")
        ... )
        >>> weights, _ = RandomWeighting(normalize="none").weights(signals, {})
        >>> [round(float(weight), 4) for weight in weights]
        [0.6625, 0.3375]

    Reference: Lin et al., "Reasonable effectiveness of random weighting: a litmus test for multi-task learning", TMLR
    2022, arXiv:2111.10603.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def noise_shape(self, num_terms: int) -> tuple[int, ...] | None:
        """One uniform number for each term."""
        return (num_terms,)

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The softmax over the present terms."""
        if signals.noise is None:
            raise invalid(
                f"`signals.noise` must hold uniform numbers of shape {tuple(signals.losses.shape)} for RandomWeighting",
                received=None,
            )
        uniform = ops.cast(signals.noise, to_float(signals.losses).dtype)
        # The normal quantile; at 0 it would be infinite.
        normal = math.sqrt(2.0) * ops.erfinv(ops.clip(2.0 * uniform - 1.0, -1.0 + 2.0**-23, 1.0 - 2.0**-23))
        return softmax(normal, signals.present), state

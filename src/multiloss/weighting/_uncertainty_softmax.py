"""Uncertainty weighting in closed form, through a softmax."""

from __future__ import annotations

import math
from typing import ClassVar

from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.linalg import to_float
from .._core.registry import register
from .._core.typing import State, Weights
from ._arguments import positive_number
from ._present import SMALLEST, softmax


@register(
    "uncertainty_softmax",
    aliases=("uw_so",),
    paper="arXiv:2408.07985",
    properties=("non_negative", "permutation_equivariant", "stateless", "deterministic"),
    cases=({}, {"temperature": 10.0}),
)
class UncertaintySoftmax(Balancer):
    """Softmax of the inverse losses: the optimum of uncertainty weighting, without learning and with a temperature.

    w_i = exp(1 / (T L_i)) / sum_j exp(1 / (T L_j)), the losses detached. Where `Uncertainty` learns its log-variances
    towards the weights 1 / L_i, here they are known at once; the softmax and T tame them.

    The weights depend on the units of the losses: with losses of 1000 all weights are equal, with losses of 0.01 the
    smallest takes everything. Give the terms a `scale`, so that they are about 1, and search T, as the paper does.

    Needs the losses. One backward pass. A loss of 0 takes all the weight, shared with others that are 0; so does a
    negative loss.

    Args:
        temperature: T, positive, in the inverse unit of the losses; larger is nearer to equal weights.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights, which sum to 1.

    Raises:
        ValueError: for a temperature that is not a positive number.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import UncertaintySoftmax
        >>> signals = Signals(losses=np.array([1.0, 0.5], "float32"), present=np.array([True, True]))
        >>> weights, _ = UncertaintySoftmax(normalize="none").weights(signals, {})
        >>> [round(float(weight), 4) for weight in weights]
        [0.2689, 0.7311]

    Reference: Kirchdorfer et al., "Analytical uncertainty-based loss weighting in multi-task learning", GCPR 2024,
    arXiv:2408.07985.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(self, temperature: float = 1.0, normalize: str = "sum_to_k"):
        super().__init__(normalize)
        self.temperature = positive_number("temperature", temperature)

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The softmax over the present terms."""
        # The inverse of the smallest is finite.
        inverse = 1.0 / ops.clip(self.temperature * to_float(signals.losses), SMALLEST, math.inf)
        return softmax(inverse, signals.present), state

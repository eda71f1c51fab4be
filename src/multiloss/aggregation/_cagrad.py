"""CAGrad: near the mean gradient, the direction along which the worst term does best."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.registry import register
from .._core.solvers import worst_in_ball
from .._core.typing import State, Weights

RESCALES = ("none", "1+c2", "1+c")


@register(
    "cagrad",
    paper="arXiv:2110.14048",
    properties=("non_negative", "permutation_equivariant", "scale_invariant", "stateless", "deterministic"),
    cases=({}, {"c": 0.9, "rescale": "1+c2"}, {"c": 0.0, "rescale": "1+c"}),
)
class CAGrad(Aggregator):
    """Conflict-averse descent: within a ball around the mean gradient, maximise the progress of the worst term.

    d = argmax of min_i g_i.d over |d - m| <= c |m|, with m the mean of the gradients. The weights are w_i = 1/K + v_i,
    v >= 0: the mean, and a multiple of the shortest of certain mixtures. For c < 1 the training still converges to a
    minimum of the mean loss; c = 0 is the mean, and a large c has the direction of `MGDA`.

    It is not the step that harms nobody: a term may get worse where nothing in the ball is better for the worst one.
    Where gradients oppose each other and the ball holds directions that harm none of these, the weights of the opposing
    pair are as large as rounding lets them be, and the default `normalize` brings the update near 0, as in `MGDA`.

    Needs the Gramian: K backward passes. Cost of the weights: for up to 8 terms, one factorisation of 2^K systems of
    size K x K; beyond, 60 solves of one system of size K + 2 in float32.

    Args:
        c: the radius of the ball over the length of the mean, from 0 to 10, default 0.5.
        rescale: the length of the update, which counts only with `normalize="none"`: `"none"` (default) as above,
            `"1+c2"` divides it by 1 + c^2, `"1+c"` by 1 + c.
        normalize: `"sum_to_k"` (default), or `"none"` for weights as published.

    Raises:
        ValueError: for an argument outside its range.

    Example:
        >>> from multiloss.aggregation import CAGrad, aggregate
        >>> vector = aggregate([[4.0, 0.0], [0.0, 3.0]], CAGrad(c=0.5, normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [2.0614, 2.7485]

    Differs from the official code: the problem is solved to the end on the device, not by SLSQP on the CPU;
    `rescale="1+c2"` is its default; it has no absolute guards, under which small gradients come out as 0 or as the
    mean.

    Reference: Liu et al., "Conflict-averse gradient descent for multi-task learning", NeurIPS 2021, arXiv:2110.14048.
    """

    def __init__(
        self,
        c: float = 0.5,
        rescale: str = "none",
        **common: Any,
    ):
        super().__init__(**common)
        if not 0.0 <= c <= 10.0:
            raise invalid("`c` must be a number from 0 to 10", received=c)
        if rescale not in RESCALES:
            raise invalid(f"`rescale` must be one of {list(RESCALES)}", received=rescale)
        self.c = float(c)
        self.rescale = rescale

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """1/K, and what the worst terms get on top."""
        gramian = to_float(signals.gramian)
        present = self.present(signals)
        divisor = {"none": 1.0, "1+c2": 1.0 + self.c**2, "1+c": 1.0 + self.c}[self.rescale]
        if self.c == 0.0:
            count = ops.clip(ops.sum(ops.cast(present, gramian.dtype)), 1.0, math.inf)
            return ops.cast(present, gramian.dtype) / count, state
        return worst_in_ball(gramian, self.c, present) / divisor, state

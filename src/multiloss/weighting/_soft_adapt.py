"""SoftAdapt: the softmax of the losses' slopes."""

from __future__ import annotations

import math
import numbers
from typing import ClassVar

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.memory import recall, remember
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._present import complete, shares_of, softmax

VARIANTS = ("original", "loss_weighted", "normalized")


@register(
    "softadapt",
    paper="arXiv:1912.12355",
    properties=("non_negative", "permutation_equivariant", "deterministic"),
    cases=(
        {},
        {"window": 2, "variant": "loss_weighted", "every": 2},
        {"window": 3, "degree": 2, "variant": "normalized"},
    ),
)
class SoftAdapt(Balancer):
    """Weighs each term by the slope of its loss over the last steps: what rises, or falls the slowest, weighs the most.

    With the slope s_i in units of loss per step and the mean m_i of the last `window` losses,
    `"original"`: w = softmax(beta s); `"loss_weighted"`: w_i = m_i exp(beta s_i) / sum_j m_j exp(beta s_j), so that
    small losses weigh little; `"normalized"`: w = softmax(beta s / sum_j |s_j|), which alone does not care for the
    losses' common unit. With losses near 1, slopes and so differences of weights are small: raise `beta` where the
    weights hardly move, and most of all for `"normalized"`.

    The slope is the derivative, at the newest loss, of the polynomial of `degree` that fits the last `window` losses
    best (least squares). `degree=1` (default) is a line: its slope has the right sign whenever the losses only rose or
    only fell. `degree=window - 1` is the published backward difference, exact but loud in noise; `window=2` is
    L(t) - L(t - 1). On a plateau the slope is exactly 0.

    An absent term's window and slope rest. Until its window is full a term gets the mean weight, so that training
    begins with equal weights.

    Needs the losses; in `"loss_weighted"` a negative mean counts with its size. One backward pass.

    Args:
        variant: `"original"` (default), `"loss_weighted"` or `"normalized"`.
        beta: how strongly slopes count; 0.1 as published. Negative prefers the terms that fall fastest.
        window: how many losses are kept, at least 2.
        degree: of the polynomial, from 1 to `window - 1`.
        every: a new slope is taken after each `every` steps in which the term is present.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights, which sum to 1.

    Raises:
        ValueError: for an unknown variant, a `beta` that is not finite, or a number outside its range.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import SoftAdapt
        >>> balancer = SoftAdapt("normalized", beta=1.0, window=2)
        >>> state = balancer.init(2)
        >>> for losses in ([5.0, 5.0], [4.0, 4.9]):
        ...     weights, state = balancer.weights(Signals(np.array(losses), np.array([True, True])), state)
        >>> [round(float(weight), 3) for weight in weights]
        [0.612, 1.388]

    Differs from the authors' package: there the coefficients of a forward difference meet losses in the order of time,
    so that higher orders give the slope at the oldest loss; and the normalized variant divides by the sum of signed
    slopes, which reverses the preference while all losses fall, and gives NaN on a plateau.

    Reference: Heydari, Thompson and Mehmood, "SoftAdapt: techniques for adaptive loss weighting of neural networks with
    multi-part loss functions", 2019, arXiv:1912.12355.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(
        self,
        variant: str = "original",
        beta: float = 0.1,
        *,
        window: int = 5,
        degree: int = 1,
        every: int = 1,
        normalize: str = "sum_to_k",
    ):
        super().__init__(normalize)
        if variant not in VARIANTS:
            raise invalid(f"`variant` must be one of {list(VARIANTS)}", received=variant)
        if not math.isfinite(beta):
            raise invalid("`beta` must be a finite number", received=beta)
        for name, value, least in (("window", window, 2), ("degree", degree, 1), ("every", every, 1)):
            if not isinstance(value, numbers.Integral) or value < least:
                raise invalid(f"`{name}` must be an integer, at least {least}", received=value)
        if degree >= window:
            raise invalid(f"`degree` must be below the window of {window}", received=degree)
        self.variant = variant
        self.beta = float(beta)
        self.window = int(window)
        self.degree = int(degree)
        self.every = int(every)

    def init(self, num_terms: int) -> State:
        """For each term: its last losses, oldest first, how many there have been, its slope and its mean."""
        return {
            "history": np.zeros((num_terms, self.window), "float32"),
            "count": np.zeros(num_terms, "int32"),
            "slope": np.zeros(num_terms, "float32"),
            "mean": np.zeros(num_terms, "float32"),
        }

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The shares of the variant, from slopes that the losses of this step are part of."""
        losses = to_float(signals.losses)
        present = ops.convert_to_tensor(signals.present)
        memory = self._push(recall(state, losses.dtype), losses, present)
        known = ops.logical_and(present, memory["count"] >= self.window)
        shares = complete(self._shares(memory["slope"], memory["mean"], known), known, present)
        return shares, remember(memory, state)

    def _shares(self, slope: Array, mean: Array, known: Array) -> Array:
        slope = ops.where(known, slope, ops.zeros_like(slope))
        if self.variant == "normalized":
            total = ops.sum(ops.abs(slope))
            slope = slope / ops.where(total > 0, total, ops.ones_like(total))
        shares = softmax(self.beta * slope, known)
        return shares_of(ops.abs(mean) * shares, known) if self.variant == "loss_weighted" else shares

    def _push(self, memory: State, losses: Array, present: Array) -> State:
        """The newest losses enter at the end of the windows; where one is due, a new slope is taken."""
        pushed = ops.concatenate([memory["history"][:, 1:], losses[:, None]], axis=1)
        history = ops.where(present[:, None], pushed, memory["history"])
        counted = ops.where(present, memory["count"] + 1, memory["count"])
        late = counted - self.window
        due = ops.logical_and(present, ops.logical_and(late >= 0, ops.mod(late, self.every) == 0))
        # From differences to the newest loss: equal losses have a slope of exactly 0, not of rounding errors.
        rises = history - history[:, -1:]
        coefficients = ops.convert_to_tensor(_newest_slope(self.window, self.degree), dtype=losses.dtype)
        return {
            "history": history,
            "count": counted,
            "slope": ops.where(due, ops.sum(rises * coefficients, axis=1), memory["slope"]),
            "mean": ops.where(due, ops.sum(history / self.window, axis=1), memory["mean"]),
        }


def _newest_slope(window: int, degree: int) -> np.ndarray:
    """What the losses of a window, oldest first, are multiplied by to give the fitted slope at the newest."""
    times = np.arange(1.0 - window, 1.0)
    # The derivative at time 0 is the coefficient of the first power.
    return np.linalg.pinv(np.vander(times, degree + 1, increasing=True))[1]

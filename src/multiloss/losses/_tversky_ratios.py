"""What the Tversky losses share: prices for the two kinds of error, and the ratio."""

from __future__ import annotations

from typing import Any

from .._core.errors import invalid
from .._core.typing import Array
from ._base import SampleLoss
from ._numerics import all_but_batch, as_axes, divide_or_zero, mean_over, to_probabilities


class TverskyRatios(SampleLoss):
    """The base of losses of 1 - Tversky index.

    Args:
        alpha: the price of false positives, >= 0.
        beta: the price of false negatives, >= 0.
        axis: axes that one ratio is taken over; None takes all but the batch.
        from_logits: predictions are logits, and a sigmoid is applied.
        smooth: a share of the entries, >= 0.
        kwargs: `reduction`, `name`, `dtype`.

    Raises:
        ValueError: for a negative price or `smooth`.
    """

    def __init__(
        self,
        alpha: float,
        beta: float,
        axis: int | tuple[int, ...] | None,
        from_logits: bool,
        smooth: float,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        for name, value in (("alpha", alpha), ("beta", beta), ("smooth", smooth)):
            if value < 0:
                raise invalid(f"`{name}` must be >= 0", received=value)
        self.alpha = alpha
        self.beta = beta
        self.axis = as_axes(axis)
        self.from_logits = from_logits
        self.smooth = smooth

    def ratios(self, y_true: Array, y_pred: Array) -> Array:
        """1 - Tversky index over `axis`, in shares of the entries, so that `smooth` is relative; 0 where all is empty.

        Shape `(batch, ...)`: what `axis` leaves.
        """
        y_pred = to_probabilities(y_pred, self.from_logits)
        axes = all_but_batch(self.axis, len(y_pred.shape))
        hit = mean_over(y_true * y_pred, axes)
        false_positive = mean_over((1 - y_true) * y_pred, axes)
        false_negative = mean_over(y_true * (1 - y_pred), axes)
        wrong = self.alpha * false_positive + self.beta * false_negative
        return divide_or_zero(wrong, hit + wrong + self.smooth / 2)  # half, so that equal prices give Dice

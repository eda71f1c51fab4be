"""Tversky loss: Dice with a price for false positives and another for false negatives."""

from __future__ import annotations

from typing import Any

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss
from ._numerics import all_but_batch, as_axes, divide_or_zero, mean_over, mean_per_sample, to_probabilities


@register("tversky", paper="arXiv:1706.05721", cases=({}, {"from_logits": True}, {"alpha": 0.5, "beta": 0.5}))
class Tversky(SampleLoss):
    """Tversky loss of masks, one ratio for each sample.

    l = (a FP + b FN) / (TP + a FP + b FN + s n / 2), with TP = sum(t p), FP = sum((1 - t) p), FN = sum(t (1 - p)), n
    the number of entries summed over and s `smooth`. With a = b = 0.5 it is the Dice loss.

    Needs targets and predictions of shape `(batch, ..., channels)` or `(batch, ...)`; costs one pass over them.

    Args:
        alpha: a, the price of false positives, >= 0.
        beta: b, the price of false negatives, >= 0.
        axis: axes that one ratio is taken over; None takes all but the batch; what it leaves is averaged.
        from_logits: predictions are logits, and a sigmoid is applied.
        smooth: a share of the entries, as for `Dice`.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values in [0, 1], shape `(batch,)`.

    Raises:
        ValueError: for a negative price or `smooth`, or an `axis` that holds the batch.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> mask, found = np.array([[1, 1, 0, 0]]), np.array([[1.0, 0.0, 0.0, 0.0]])
        >>> [round(float(ml.losses.Tversky(alpha=0.3, beta=b).call(mask, found)[0]), 3) for b in (0.3, 0.7)]
        [0.231, 0.412]

    Differs from the official code: none was published. `keras.losses.Tversky` says that its `alpha` prices false
    positives, but computes it on the false negatives; here the names do what they say.

    Reference: Salehi et al., Tversky loss function for image segmentation, 2017, arXiv:1706.05721.
    """

    def __init__(
        self,
        alpha: float = 0.3,
        beta: float = 0.7,
        axis: int | tuple[int, ...] | None = None,
        from_logits: bool = False,
        smooth: float = 1e-5,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        require_prices(alpha, beta, smooth)
        self.alpha = alpha
        self.beta = beta
        self.axis = as_axes(axis)
        self.from_logits = from_logits
        self.smooth = smooth

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One value for each sample, shape `(batch,)`."""
        y_pred = to_probabilities(y_pred, self.from_logits)
        axes = all_but_batch(self.axis, len(y_pred.shape))
        return mean_per_sample(tversky_ratios(y_true, y_pred, self.alpha, self.beta, axes, self.smooth))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this object again."""
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "beta": self.beta,
            "axis": self.axis,
            "from_logits": self.from_logits,
            "smooth": self.smooth,
        }


def tversky_ratios(
    y_true: Array, y_pred: Array, alpha: float, beta: float, axes: tuple[int, ...], smooth: float
) -> Array:
    """1 - Tversky index over `axes`, in shares of the entries, so that `smooth` is relative; 0 where all is empty."""
    hit = mean_over(y_true * y_pred, axes)
    false_positive = mean_over((1 - y_true) * y_pred, axes)
    false_negative = mean_over(y_true * (1 - y_pred), axes)
    wrong = alpha * false_positive + beta * false_negative
    return divide_or_zero(wrong, hit + wrong + smooth / 2)  # half, so that equal prices give Dice


def require_prices(alpha: float, beta: float, smooth: float) -> None:
    """Raises for a negative number."""
    for name, value in (("alpha", alpha), ("beta", beta), ("smooth", smooth)):
        if value < 0:
            raise invalid(f"`{name}` must be >= 0", received=value)

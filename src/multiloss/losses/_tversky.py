"""Tversky loss: Dice with a price for false positives and another for false negatives."""

from __future__ import annotations

from typing import Any

from .._core.registry import register
from .._core.typing import Array
from ._numerics import mean_per_sample
from ._tversky_ratios import TverskyRatios


@register(
    "soft_tversky",
    expects="overlap",
    paper="arXiv:1706.05721",
    cases=({}, {"from_logits": True}, {"alpha": 0.5, "beta": 0.5}),
)
class Tversky(TverskyRatios):
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
    positives, but up to Keras 3.15 it is on the false negatives; here, as in Keras 3.16, the names do what they say.

    Reference: Salehi et al., Tversky loss function for image segmentation, 2017, arXiv:1706.05721.
    """

    def __init__(
        self,
        alpha: float = 0.3,
        beta: float = 0.7,
        *,
        axis: int | tuple[int, ...] | None = None,
        from_logits: bool = False,
        smooth: float = 1e-5,
        **kwargs: Any,
    ):
        super().__init__(alpha, beta, axis=axis, from_logits=from_logits, smooth=smooth, **kwargs)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One value for each sample, shape `(batch,)`."""
        return mean_per_sample(self.ratios(y_true, y_pred))

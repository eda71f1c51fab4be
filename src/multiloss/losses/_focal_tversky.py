"""Focal Tversky loss: Tversky loss bent so that nearly solved samples keep a slope, or lose it."""

from __future__ import annotations

from typing import Any

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._numerics import finite_power, mean_per_sample
from ._tversky_ratios import TverskyRatios


@register(
    "focal_tversky", expects="overlap", paper="arXiv:1810.07842", cases=({}, {"from_logits": True}, {"gamma": 0.5})
)
class FocalTversky(TverskyRatios):
    """Focal Tversky loss of masks, one value for each sample.

    l = (1 - TI) ** (1 / g), with TI the Tversky index of `Tversky`, each sample's and each channel's own.

    Needs targets and predictions as for `Tversky`; costs the same. For g > 1 the slope at a perfect prediction is
    infinite; below a loss of 1e-6 the curve is the straight line to 0.

    Args:
        alpha: price of false positives, >= 0.
        beta: price of false negatives, >= 0.
        gamma: g > 0; above 1 it favours samples that are nearly solved, below 1 those that are not.
        axis: axes that one ratio is taken over; None takes all but the batch; what it leaves is averaged.
        from_logits: predictions are logits, and a sigmoid is applied.
        smooth: a share of the entries, as for `Dice`.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values in [0, 1], shape `(batch,)`.

    Raises:
        ValueError: for a negative price or `smooth`, `gamma` <= 0, or an `axis` that holds the batch.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> mask, found = np.array([[1, 1, 0, 0]]), np.array([[1.0, 0.0, 0.0, 0.0]])
        >>> round(float(ml.losses.FocalTversky(gamma=1.0).call(mask, found)[0]), 3)
        0.412

    Differs from the official code: the paper writes its index with the price of false negatives first (0.7, 0.3);
    here `alpha` prices false positives, as in `Tversky`, so that the defaults (0.3, 0.7) are the paper's. The official
    code takes one ratio over the whole batch.

    Reference: Abraham and Khan, A novel focal Tversky loss function, 2018, arXiv:1810.07842.
    """

    def __init__(
        self,
        alpha: float = 0.3,
        beta: float = 0.7,
        *,
        gamma: float = 4 / 3,
        axis: int | tuple[int, ...] | None = None,
        from_logits: bool = False,
        smooth: float = 1e-5,
        **kwargs: Any,
    ):
        super().__init__(alpha, beta, axis=axis, from_logits=from_logits, smooth=smooth, **kwargs)
        if not gamma > 0:
            raise invalid("`gamma` must be > 0", received=gamma)
        self.gamma = gamma

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One value for each sample, shape `(batch,)`."""
        return mean_per_sample(finite_power(self.ratios(y_true, y_pred), 1 / self.gamma))

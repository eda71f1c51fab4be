"""Soft Dice loss, one ratio for each sample."""

from __future__ import annotations

from typing import Any

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss
from ._numerics import all_but_batch, as_axes, divide_or_zero, mean_over, mean_per_sample, to_probabilities


@register(
    "soft_dice",
    expects="overlap",
    paper="arXiv:1606.04797",
    cases=({}, {"from_logits": True}, {"axis": (1, 2)}, {"smooth": 0.0}),
)
class Dice(SampleLoss):
    """Soft Dice loss of masks, for images of any number of dimensions.

    l = 1 - (2 sum(t p) + s n) / (sum(t) + sum(p) + s n), with n the number of entries summed over and s `smooth`;
    computed as sum(t (1 - p) + p (1 - t)) / (sum(t) + sum(p) + s n), which does not cancel near 0.

    Needs targets and predictions of shape `(batch, ..., channels)` or `(batch, ...)`; costs one pass over them.

    Args:
        axis: axes that one ratio is taken over; None (default) takes all but the batch. `(1, 2)` gives each channel of
            a picture its own ratio; what `axis` leaves is averaged. Never axis 0: the value belongs to a sample.
        from_logits: predictions are logits, and a sigmoid is applied. Softmax belongs in the model.
        smooth: a share of the entries, added to both sides of the ratio, so that it means the same at every
            resolution. With 0, an empty mask with an empty prediction still has loss 0.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values in [0, 1], shape `(batch,)`.

    Raises:
        ValueError: for a negative `smooth`, an `axis` that holds the batch, or shapes that differ.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> mask = np.array([[1, 1, 0, 0], [0, 0, 0, 0]])
        >>> found = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
        >>> [round(float(value), 3) for value in ml.losses.Dice().call(mask, found)]
        [0.333, 0.0]

    Differs from the official code: V-Net squares the entries of the denominator; here they are plain, as in most later
    work. Unlike `keras.losses.Dice`, whose default is one ratio over the whole batch, it has a value for each sample.

    Reference: Milletari et al., V-Net, 2016, arXiv:1606.04797.
    """

    def __init__(
        self,
        axis: int | tuple[int, ...] | None = None,
        from_logits: bool = False,
        *,
        smooth: float = 1e-5,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if smooth < 0:
            raise invalid("`smooth` must be >= 0", received=smooth)
        self.axis = as_axes(axis)
        self.from_logits = from_logits
        self.smooth = smooth

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One value for each sample, shape `(batch,)`."""
        axes = all_but_batch(self.axis, len(y_pred.shape))
        y_pred = to_probabilities(y_pred, self.from_logits)
        wrong = mean_over(y_true * (1 - y_pred) + y_pred * (1 - y_true), axes)
        size = mean_over(y_true, axes) + mean_over(y_pred, axes) + self.smooth
        return mean_per_sample(divide_or_zero(wrong, size))

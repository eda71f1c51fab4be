"""Generalised Dice loss: classes count alike, however few pixels they have."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.linalg import filled
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss
from ._numerics import divide_or_zero, mean_over


@register(
    "generalized_dice", expects="overlap", paper="arXiv:1707.03237", cases=({}, {"from_logits": True}, {"smooth": 0.0})
)
class GeneralizedDice(SampleLoss):
    """Generalised Dice loss of one-hot masks, one ratio for each sample.

    l = 1 - 2 sum_c w_c sum(t_c p_c) / sum_c w_c sum(t_c + p_c), with w_c = 1 / (sum t_c)^2 in each sample. A class
    that a sample lacks gets the largest of the others' weights, where the formula has a division by zero.

    Needs targets and predictions of shape `(batch, ..., classes)`, rank 3 or more; costs one pass over them.

    Args:
        from_logits: predictions are logits: softmax over the last axis, or sigmoid where it has length 1.
        smooth: a share of the smallest class, added to the denominator, so that nothing is divided by 0.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values in [0, 1], shape `(batch,)`.

    Raises:
        ValueError: for a negative `smooth`, inputs of rank 2, or shapes that differ.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> mask = np.eye(2)[[[0, 0, 0, 1]]]
        >>> round(float(ml.losses.GeneralizedDice().call(mask, np.full((1, 4, 2), 0.5))[0]), 3)
        0.625

    Differs from the official code: the same rule for absent classes as NiftyNet, and a relative `smooth`.

    Reference: Sudre et al., Generalised Dice overlap, 2017, arXiv:1707.03237.
    """

    def __init__(self, from_logits: bool = False, smooth: float = 1e-5, **kwargs: Any):
        super().__init__(**kwargs)
        if smooth < 0:
            raise invalid("`smooth` must be >= 0", received=smooth)
        self.from_logits = from_logits
        self.smooth = smooth

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One value for each sample, shape `(batch,)`."""
        rank = len(y_pred.shape)
        if rank < 3:
            raise invalid("GeneralizedDice needs shape (batch, ..., classes)", received=tuple(y_pred.shape))
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred) if y_pred.shape[-1] == 1 else ops.softmax(y_pred, axis=-1)
        axes = tuple(range(1, rank - 1))
        share = mean_over(y_true, axes)
        weights = class_weights(share)
        wrong = weights * mean_over(y_true * (1 - y_pred) + y_pred * (1 - y_true), axes)
        size = weights * (share + mean_over(y_pred, axes))
        return divide_or_zero(ops.sum(wrong, axis=-1), ops.sum(size, axis=-1) + self.smooth)

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Three samples of 4 x 4 pixels and 3 classes, of which the first sample lacks one."""
        rng = np.random.default_rng(0)
        classes = rng.integers(0, 3, (3, 4, 4))
        classes[0] = np.minimum(classes[0], 1)
        logits = rng.normal(size=(3, 4, 4, 3)).astype("float32")
        shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        return np.eye(3, dtype="int32")[classes], logits if self.from_logits else shares


def class_weights(share: Array) -> Array:
    """smallest / share^2 along the last axis, and 1 / smallest for absent classes; 1 where all are absent.

    The common factor `smallest`, the smallest share of a present class, keeps the weighted sizes near 1, so that
    `smooth` means the same for rare classes.
    """
    present = share > 0
    smallest = ops.min(ops.where(present, share, filled(share, np.inf)), axis=-1, keepdims=True)
    smallest = ops.where(ops.isfinite(smallest), smallest, ops.ones_like(smallest))
    return smallest / ops.square(ops.where(present, share, smallest))

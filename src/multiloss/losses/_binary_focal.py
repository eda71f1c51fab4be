"""Focal loss of yes-or-no predictions."""

from __future__ import annotations

from typing import Any

from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss, mean_of_entries
from ._numerics import to_logits


@register(
    "binary_focal",
    expects="binary",
    paper="arXiv:1708.02002",
    cases=({}, {"from_logits": True}, {"from_logits": True, "gamma": 0.5, "alpha": None}, {"gamma": 0.0}),
)
class BinaryFocal(SampleLoss):
    """Focal loss of independent yes-or-no predictions: entries that are already right count less.

    l = -a t (1 - p)^g log p - (1 - a) (1 - t) p^g log(1 - p), the mean over the last axis. With g = 0 and
    `alpha=None` it is the binary cross-entropy.

    Needs targets in [0, 1] and predictions of one shape; costs two logarithms for each entry.

    Args:
        gamma: g >= 0, how much easy entries are played down.
        alpha: a in [0, 1], the weight of the class 1, and 1 - a that of the class 0; None weighs neither.
        from_logits: predictions are logits; exact at any size of them.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values of shape `(batch, ...)`, the mean over the last axis; `(batch,)` stays as it is.

    Raises:
        ValueError: for a negative `gamma` or an `alpha` outside [0, 1].

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> loss = ml.losses.BinaryFocal(gamma=2, alpha=0.25)
        >>> round(float(loss(np.array([[1]]), np.array([[0.9]]))), 6)
        0.000263

    Differs from the official code: soft targets mix the two halves of the formula.
    `keras.losses.BinaryFocalCrossentropy` ignores its `alpha` unless told `apply_class_balancing`, and computes logits
    through clipped probabilities, so that beyond about +-16 they get no gradient.

    Reference: Lin et al., Focal loss for dense object detection, 2017, arXiv:1708.02002.
    """

    def __init__(self, gamma: float = 2.0, alpha: float | None = 0.25, *, from_logits: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if gamma < 0:
            raise invalid("`gamma` must be >= 0", received=gamma)
        if alpha is not None and not 0 <= alpha <= 1:
            raise invalid("`alpha` must be in [0, 1], or None to weigh neither class", received=alpha)
        self.gamma = gamma
        self.alpha = alpha
        self.from_logits = from_logits

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The mean over the last axis, shape `(batch, ...)`."""
        logits = to_logits(y_pred, self.from_logits)
        log_yes, log_no = -ops.softplus(-logits), -ops.softplus(logits)
        # Powers as exponentials of logarithms: the slope of (1 - p)^g stays finite at p = 1 for every g.
        yes = -ops.exp(self.gamma * log_no) * log_yes
        no = -ops.exp(self.gamma * log_yes) * log_no
        weight_yes, weight_no = (1.0, 1.0) if self.alpha is None else (self.alpha, 1.0 - self.alpha)
        return mean_of_entries(weight_yes * y_true * yes + weight_no * (1 - y_true) * no)

"""Focal loss of one class among several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.linalg import one_hot
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss, match_rank, require_same_shape
from ._numerics import finite_power


@register(
    "categorical_focal",
    expects="classes",
    paper="arXiv:1708.02002",
    cases=({}, {"from_logits": True}, {"alpha": [0.2, 0.3, 0.5]}, {"from_logits": True, "gamma": 0.5}),
)
class CategoricalFocal(SampleLoss):
    """Focal loss of one class among C: samples that are already right count less.

    l = -sum_c a_c t_c (1 - p_c)^g log p_c over the last axis. With g = 0 it is the categorical cross-entropy.

    Needs predictions of shape `(batch, ..., C)` and targets of the same shape (one-hot or soft), or class numbers of
    shape `(batch, ...)` or `(batch, ..., 1)`; costs a logarithm for each entry.

    Args:
        gamma: g >= 0, how much easy samples are played down.
        alpha: None; or C numbers >= 0, the weight of each class; or one number, which multiplies the whole loss.
        from_logits: predictions are logits, through a stable log-softmax.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values of shape `(batch, ...)`, without the class axis.

    Raises:
        ValueError: for a negative `gamma` or `alpha`, or an `alpha` that does not have C numbers.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> loss = ml.losses.CategoricalFocal(gamma=2, alpha=0.25)
        >>> probabilities = np.array([[0.05, 0.9, 0.05], [0.1, 0.85, 0.05]])
        >>> [round(float(value), 5) for value in loss.call(np.array([1, 2]), probabilities)]
        [0.00026, 0.67591]

    Differs from the official code: none was published for several classes. `keras.losses.CategoricalFocalCrossentropy`
    takes no class numbers, multiplies by 0.25 unless told otherwise, and clips the probabilities of logits, so that
    very wrong ones get no gradient.

    Reference: Lin et al., Focal loss for dense object detection, 2017, arXiv:1708.02002.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float | Sequence[float] | None = None,
        *,
        from_logits: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if gamma < 0:
            raise invalid("`gamma` must be >= 0", received=gamma)
        if alpha is not None and (np.ndim(alpha) > 1 or np.min(alpha) < 0):
            raise invalid("`alpha` must be one number >= 0, or one for each class", received=alpha)
        self.gamma = gamma
        self.alpha = alpha if alpha is None or np.ndim(alpha) == 0 else [float(value) for value in alpha]  # type: ignore[union-attr]
        self.from_logits = from_logits

    def number_of_classes(self, y_true: Array, y_pred: Array) -> int | None:
        """The predictions' width where the targets are class numbers by their shape."""
        classes = y_pred.shape[-1]
        return classes if len(y_true.shape) < len(y_pred.shape) or (y_true.shape[-1] == 1 and classes != 1) else None

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """One-hot targets as they are; class numbers become one-hot."""
        classes = y_pred.shape[-1]
        if np.ndim(self.alpha) == 1 and len(self.alpha) != classes:  # type: ignore[arg-type]
            raise invalid(f"`alpha` of loss {self.name!r} must have {classes} numbers", received=self.alpha)
        if self.number_of_classes(y_true, y_pred) is not None:
            y_true = ops.squeeze(match_rank(y_true, y_pred), -1)
            y_true = one_hot(y_true, classes, y_pred.dtype)
        require_same_shape(self.name, y_true, y_pred)
        return y_true, y_pred

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One value for each distribution, shape `(batch, ...)`."""
        log_p = ops.log_softmax(y_pred, axis=-1) if self.from_logits else _log_of_shares(y_pred)
        wrong = ops.clip(-ops.expm1(log_p), 0.0, 1.0)
        losses = -y_true * finite_power(wrong, self.gamma) * log_p
        if self.alpha is not None:
            losses = losses * ops.convert_to_tensor(np.asarray(self.alpha), dtype=losses.dtype)
        return ops.sum(losses, axis=-1)

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Four samples of three classes."""
        rng = np.random.default_rng(0)
        logits = rng.normal(size=(4, 3)).astype("float32")
        shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        return np.array([0, 1, 2, 1]), logits if self.from_logits else shares


def _log_of_shares(y_pred: Array) -> Array:
    """log of probabilities that are made to sum to 1 and kept `keras.config.epsilon()` above 0, as Keras does."""
    total = ops.sum(y_pred, axis=-1, keepdims=True)
    shares = y_pred / ops.where(total > 0, total, ops.ones_like(total))
    return ops.log(ops.clip(shares, keras.config.epsilon(), 1.0))

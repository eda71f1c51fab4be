"""Loss of classes that have an order."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss, match_rank
from ._numerics import to_logits


@register("ordinal", expects="grades", paper="arXiv:1901.07884", cases=({}, {"from_logits": True}))
class Ordinal(SampleLoss):
    """Loss of ordered classes (grades, stages): being two classes off costs more than one.

    l = sum_k of the binary cross-entropy between [t > k] and p_k, k = 0 .. C - 2, where p_k is the predicted
    probability that the class is above k. The predicted class is the number of p_k above one half.

    Needs class numbers of shape `(batch, ...)` or `(batch, ..., 1)`, from 0, and predictions of shape
    `(batch, ..., C - 1)`; costs a logarithm for each entry.

    Args:
        from_logits: predictions are logits of the p_k; exact at any size of them.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values of shape `(batch, ...)`, summed over the last axis: a negative log-likelihood in nats.

    Raises:
        ValueError: for targets that are not class numbers by their shape.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> grade, above = np.array([0, 2]), np.array([[0.5, 0.1], [0.9, 0.5]])
        >>> [round(float(value), 4) for value in ml.losses.Ordinal().call(grade, above)]
        [0.7985, 0.7985]

    Differs from the official code: none in the formula; sharing the weights of the p_k (CORAL's rank consistency) is
    the model's matter: a `Dense(1)` with C - 1 biases.

    Reference: Cao et al., Rank consistent ordinal regression (CORAL), 2020, arXiv:1901.07884.
    """

    def __init__(self, from_logits: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.from_logits = from_logits

    def number_of_classes(self, y_true: Array, y_pred: Array) -> int:
        """One more than the predictions have columns."""
        return y_pred.shape[-1] + 1

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Class numbers become [t > k] for each k."""
        y_true = match_rank(y_true, y_pred)
        if len(y_true.shape) != len(y_pred.shape) or y_true.shape[-1] != 1:
            raise invalid(
                f"Loss {self.name!r} needs class numbers as targets, and predictions with one column less than classes",
                received=f"y_true {tuple(y_true.shape)}, y_pred {tuple(y_pred.shape)}",
            )
        return ops.cast(y_true > ops.arange(y_pred.shape[-1], dtype=y_true.dtype), y_pred.dtype), y_pred

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The sum over the last axis, shape `(batch, ...)`."""
        logits = to_logits(y_pred, self.from_logits)
        return ops.sum(y_true * ops.softplus(-logits) + (1 - y_true) * ops.softplus(logits), axis=-1)

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Four samples of four classes."""
        rng = np.random.default_rng(0)
        logits = rng.normal(size=(4, 3)).astype("float32")
        return np.array([[0], [1], [3], [2]]), logits if self.from_logits else 1 / (1 + np.exp(-logits))

"""Squared error in the size of its targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss, mean_of_entries

LARGEST = "max_abs_target"


@register("scaled_mse", expects="squared", cases=({}, {"scale": 3.0}, {"scale": [0.5, 200.0]}))
class ScaledMSE(SampleLoss):
    """Mean squared error divided by a scale.

    l = mean((t - p)^2 / s) over the last axis.

    Needs targets and predictions of shape `(batch, columns)` or `(batch, ...)`; costs one pass over them. In
    `ml.compile`, `ml.Term("mse", scale=...)` does the same, logs both, and remembers the targets of all batches: a loss
    has no memory, and a batch with few labels is divided by its own largest. This class is for plain `model.compile`.

    Args:
        scale: s: `"max_abs_target"`, the largest absolute target of the batch (1 where all are 0), or a number > 0, or
            one number for each column.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values of shape `(batch, ...)`, the mean over the last axis; `(batch,)` stays as it is.

    Raises:
        ValueError: for an unknown word, or a number that is not positive.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> float(ml.losses.ScaledMSE()(np.array([[100.0], [-200.0]]), np.array([[110.0], [-200.0]])))
        0.25
    """

    def __init__(self, scale: str | float | Sequence[float] = LARGEST, **kwargs: Any):
        super().__init__(**kwargs)
        if isinstance(scale, str):
            if scale != LARGEST:
                raise invalid(f"`scale` must be {LARGEST!r} or numbers > 0", received=scale)
            self.scale: Any = scale
        else:
            if not np.all(np.asarray(scale) > 0):
                raise invalid(f"`scale` must be {LARGEST!r} or numbers > 0", received=scale)
            self.scale = float(scale) if np.ndim(scale) == 0 else [float(value) for value in scale]  # type: ignore[arg-type, union-attr]

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The mean over the last axis, shape `(batch, ...)`."""
        if self.scale == LARGEST:
            largest = ops.max(ops.abs(y_true))
            scale = ops.where(largest > 0, largest, ops.ones_like(largest))
        else:
            scale = ops.convert_to_tensor(np.asarray(self.scale), dtype=y_pred.dtype)
            if len(scale.shape) == 1 and scale.shape[0] != y_pred.shape[-1]:
                raise invalid(f"`scale` must have {y_pred.shape[-1]} numbers", received=self.scale)
        return mean_of_entries(ops.square(y_true - y_pred) / scale)

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Four samples of two columns."""
        rng = np.random.default_rng(0)
        y_true = rng.normal(size=(4, 2)).astype("float32")
        return y_true, y_true + rng.normal(size=(4, 2)).astype("float32")

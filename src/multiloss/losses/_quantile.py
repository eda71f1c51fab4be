"""Pinball loss: the prediction becomes a quantile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss, match_rank, mean_of_entries, require_same_shape


@register(
    "quantile",
    expects="absolute",
    paper="doi:10.2307/1913643",
    cases=({}, {"quantile": 0.9}, {"quantile": [0.1, 0.5, 0.9]}),
)
class Quantile(SampleLoss):
    """Pinball loss: its least value is where the prediction is the q-quantile of the target.

    l = max(q e, (q - 1) e), with e = t - p; the mean over the last axis. With q = 0.5, half the absolute error.

    Needs targets and predictions of one shape; with several quantiles, predictions of shape `(batch, ..., quantiles)`
    and targets with one column, or as many; costs one pass over them.

    Args:
        quantile: q in (0, 1), or a list, one for each column of the prediction.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values of shape `(batch, ...)`, the mean over the last axis; `(batch,)` stays as it is.

    Raises:
        ValueError: for a quantile outside (0, 1), or a prediction with another number of columns.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> loss = ml.losses.Quantile(0.9)
        >>> [round(float(loss(np.array([[t]]), np.array([[5.0]]))), 6) for t in (6.0, 4.0)]
        [0.9, 0.1]

    Reference: Koenker and Bassett, Regression quantiles, Econometrica 1978.
    """

    def __init__(self, quantile: float | Sequence[float] = 0.5, **kwargs: Any):
        super().__init__(**kwargs)
        if not np.all((np.asarray(quantile) > 0) & (np.asarray(quantile) < 1)) or np.size(quantile) == 0:
            raise invalid("`quantile` must be in (0, 1)", received=quantile)
        self.quantile = float(quantile) if np.ndim(quantile) == 0 else [float(q) for q in quantile]  # type: ignore[arg-type, union-attr]

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """One column of targets serves every quantile."""
        if isinstance(self.quantile, float):
            return super().align(y_true, y_pred)
        if y_pred.shape[-1] != len(self.quantile):
            raise invalid(
                f"Loss {self.name!r} needs predictions with {len(self.quantile)} columns",
                received=f"shape {tuple(y_pred.shape)}",
            )
        y_true = match_rank(y_true, y_pred)
        if y_true.shape[-1] == 1:
            y_true = ops.repeat(y_true, len(self.quantile), axis=-1)
        require_same_shape(self.name, y_true, y_pred)
        return y_true, y_pred

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The mean over the last axis, shape `(batch, ...)`."""
        quantile = ops.convert_to_tensor(np.asarray(self.quantile), dtype=y_pred.dtype)
        error = y_true - y_pred
        return mean_of_entries(ops.where(error > 0, quantile * error, (quantile - 1) * error))

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Four samples of one target."""
        rng = np.random.default_rng(0)
        columns = 1 if isinstance(self.quantile, float) else len(self.quantile)
        return rng.normal(size=(4, 1)).astype("float32"), rng.normal(size=(4, columns)).astype("float32")

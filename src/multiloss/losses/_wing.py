"""Wing loss of positions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss, mean_of_entries


@register("wing", expects="absolute", paper="arXiv:1711.06753", cases=({}, {"width": 1.0, "curvature": 0.5}))
class Wing(SampleLoss):
    """Wing loss: steep for small errors, plain absolute error for large ones; for landmarks and other positions.

    l = w log(1 + |e| / c) for |e| < w, else |e| - w + w log(1 + w / c), with e = t - p; the mean over the last axis.

    Needs targets and predictions of shape `(batch, columns)` or `(batch, ...)`; costs a logarithm for each entry.

    Args:
        width: w > 0, where small errors end, in the units of the targets (the paper: pixels).
        curvature: c > 0, the paper's epsilon: the smaller, the steeper near 0.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values of shape `(batch, ...)`, the mean over the last axis; `(batch,)` stays as it is.

    Raises:
        ValueError: for a number that is not positive.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> round(float(ml.losses.Wing()(np.array([[0.0]]), np.array([[20.0]]))), 4)
        27.9176

    Reference: Feng et al., Wing loss for robust facial landmark localisation, 2018, arXiv:1711.06753.
    """

    def __init__(self, width: float = 10.0, curvature: float = 2.0, **kwargs: Any):
        super().__init__(**kwargs)
        for name, value in (("width", width), ("curvature", curvature)):
            if not value > 0:
                raise invalid(f"`{name}` must be > 0", received=value)
        self.width = width
        self.curvature = curvature

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The mean over the last axis, shape `(batch, ...)`."""
        error = ops.abs(y_true - y_pred)
        near = self.width * ops.log1p(error / self.curvature)
        far = error - self.width + self.width * math.log1p(self.width / self.curvature)
        return mean_of_entries(ops.where(error < self.width, near, far))

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Four samples of two positions, near and far."""
        rng = np.random.default_rng(0)
        y_true = (10 * rng.normal(size=(4, 2))).astype("float32")
        return y_true, (y_true + 10 * rng.normal(size=(4, 2))).astype("float32")

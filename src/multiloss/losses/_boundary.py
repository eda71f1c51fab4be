"""Boundary loss: how far from the true outline the predicted mask lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.optional import require
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss
from ._numerics import mean_per_sample, to_probabilities


@register("boundary", expects="distances", paper="arXiv:1812.07032", cases=({}, {"from_logits": True}))
class Boundary(SampleLoss):
    """Boundary loss of masks against signed distance maps.

    l = mean(d p), with d the signed distance to the outline of the true mask: negative inside it, positive outside.
    It is linear in p and below 0 for good masks; the least value is the mean of the negative distances. On its own it
    has a trivial solution for missing objects: the paper adds it to a region loss such as `GeneralizedDice`, with
    a weight that grows.

    Needs targets from `distance_map`, made in the input pipeline, and predictions of the same shape
    `(batch, ..., channels)`; costs one product for each entry.

    Args:
        from_logits: predictions are logits, and a sigmoid is applied.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values of shape `(batch,)`, in the units of the distances.

    Raises:
        ValueError: for shapes that differ.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> mask = np.array([0, 0, 1, 1, 0]).reshape(1, 5, 1)
        >>> distances = ml.losses.distance_map(mask)
        >>> [float(value) for value in distances.ravel()]
        [2.0, 1.0, 0.0, 0.0, 1.0]
        >>> round(float(ml.losses.Boundary().call(distances, np.ones((1, 5, 1)))[0]), 4)
        0.8

    Differs from the official code: none in the formula. Its maps put the classes first, and take 1 as the step of the
    rim whatever the spacing; `distance_map` takes the smallest spacing.

    Reference: Kervadec et al., Boundary loss for highly unbalanced segmentation, 2019, arXiv:1812.07032.
    """

    def __init__(self, from_logits: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.from_logits = from_logits

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One value for each sample, shape `(batch,)`."""
        return mean_per_sample(y_true * to_probabilities(y_pred, self.from_logits))

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Three samples of 4 x 4 distances."""
        masks, y_pred = super().example_inputs()
        return (1.5 - 3.0 * masks).astype("float32"), y_pred


def distance_map(mask: np.ndarray, spacing: float | Sequence[float] | None = None) -> np.ndarray:
    """Signed distances to the outline of masks, for `Boundary`; computed once, before training.

    Outside the mask the distance to its nearest pixel, inside minus the distance to the nearest pixel outside plus one
    step, so that the mask's rim is 0. A mask that is empty or full has no outline: 0 everywhere.

    Needs SciPy (`multiloss[demo]`); costs an exact distance transform for each mask.

    Args:
        mask: `(batch, ..., channels)`, non-zero inside; each channel of each sample has its own outline.
        spacing: the length of a step along each spatial axis, or one for all; None counts pixels.

    Returns:
        float32 of the mask's shape, in units of `spacing`.

    Raises:
        ImportError: without SciPy.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> float(ml.losses.distance_map(np.zeros((1, 4, 4, 1))).max())
        0.0
    """
    ndimage = require("scipy.ndimage", extra="demo", purpose="distance maps")
    inside = np.asarray(mask) != 0
    distances = np.zeros(inside.shape, "float32")
    step = 1.0 if spacing is None else float(np.min(spacing))
    for sample, channel in np.ndindex(inside.shape[0], inside.shape[-1]):
        here = inside[sample, ..., channel]
        if here.any() and not here.all():
            outward = ndimage.distance_transform_edt(~here, sampling=spacing)
            inward = ndimage.distance_transform_edt(here, sampling=spacing)
            distances[sample, ..., channel] = np.where(here, step - inward, outward)
    return distances

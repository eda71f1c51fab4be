"""Distance maps for a whole data set, computed in the input pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from .._core.errors import invalid
from ._boundary import distance_map


def add_distance_maps(
    data: Any, mask: str = "mask", *, target: str = "distance", spacing: float | Sequence[float] | None = None
) -> Any:
    """The same data with the signed distance maps of its masks as one more target, for `Boundary`.

    Needs SciPy (`multiloss[demo]`); costs an exact distance transform for each mask: once for arrays, once an epoch for
    a `PyDataset`, in its workers.

    Args:
        data: `(x, y)` or `(x, y, sample_weight)` as arrays, or a `keras.utils.PyDataset` of such batches; `y` a dict.
        mask: the key of the masks in `y`, of shape `(batch, ..., channels)`.
        target: the key that the maps get.
        spacing: the length of a step along each spatial axis, or one for all; None counts pixels.

    Returns:
        A tuple like the one given, or a `PyDataset` with the same workers.

    Raises:
        ValueError: for other data, with the line that does the same there; for a `y` without the mask.
        ImportError: without SciPy.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> y = {"mask": np.array([0, 1, 1, 0]).reshape(1, 4, 1)}
        >>> x, y = ml.losses.add_distance_maps((np.zeros((1, 4, 1)), y))
        >>> [float(value) for value in y["distance"].ravel()]
        [1.0, 0.0, 0.0, 1.0]
    """
    if isinstance(data, keras.utils.PyDataset):
        return _WithDistanceMaps(data, mask, target, spacing)
    if isinstance(data, tuple):
        return _with_map(data, mask, target, spacing)
    raise invalid(
        "`data` must be (x, y) with a dict `y`, or a keras.utils.PyDataset",
        received=type(data).__name__,
        fix="In a tf.data pipeline, write dataset.map(lambda x, y: (x, {**y, 'distance': tf.ensure_shape("
        "tf.numpy_function(ml.losses.distance_map, [y['mask']], tf.float32), y['mask'].shape)})); "
        "in a DataLoader, call ml.losses.distance_map in `collate_fn`.",
    )


def _with_map(batch: tuple, mask: str, target: str, spacing: Any) -> tuple:
    x, y, *rest = batch
    if not isinstance(y, Mapping) or mask not in y:
        raise invalid(f"`y` must be a dict with the key {mask!r}", received=sorted(y) if isinstance(y, Mapping) else y)
    return (x, {**y, target: distance_map(np.asarray(y[mask]), spacing)}, *rest)


class _WithDistanceMaps(keras.utils.PyDataset):
    """A data set with one more target."""

    def __init__(self, data: keras.utils.PyDataset, mask: str, target: str, spacing: Any):
        super().__init__(data.workers, data.use_multiprocessing, data.max_queue_size)
        self._data = data
        self._arguments = (mask, target, spacing)

    @property
    def num_batches(self) -> int | None:
        """As the data set's."""
        return self._data.num_batches

    def __getitem__(self, index: int) -> tuple:
        """One batch with its maps."""
        return _with_map(tuple(self._data[index]), *self._arguments)

    def on_epoch_begin(self) -> None:
        """As the data set's."""
        self._data.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """As the data set's."""
        self._data.on_epoch_end()

"""Training data in an order that depends on the seed and the epoch alone, so that every balancer sees the same."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import tree

from ...training.reading import Batches, as_arrays, rows_of, shuffled
from ...training.reading import is_arrays as is_arrays

# How many samples are kept for drawing: pictures side by side, or points in a plane.
_PICTURES = 6
_ROWS = 200


class SeededBatches(keras.utils.PyDataset):
    """Batches of arrays, shuffled anew in each epoch from `(seed, epoch)`.

    All batches are whole: the few samples left over wait for the order of another epoch. A last, smaller batch would be
    compiled once more, which on JAX costs more than an epoch of a small problem.

    Args:
        data: a tuple `(x,)`, `(x, y)` or `(x, y, sample_weight)` of arrays, or of dicts or lists of them, all with
            the same first axis.
        batch_size: samples in a batch; fewer where the data has fewer.
        seed: of the order.
    """

    def __init__(self, data: tuple[Any, ...], batch_size: int, seed: int):
        super().__init__()
        self.data, self.length = as_arrays(part for part in data if part is not None)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self.order = self._order()

    def __len__(self) -> int:
        """The number of batches."""
        return max(1, self.length // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        """One batch, in the structure of the data."""
        return rows_of(self.data, self.order[index * self.batch_size : (index + 1) * self.batch_size])

    def on_epoch_end(self) -> None:
        """Draws the order of the next epoch."""
        self.epoch += 1
        self.order = self._order()

    def _order(self) -> np.ndarray:
        return shuffled(self.length, self.seed, self.epoch)


def parts_of(data: Any) -> tuple[Any, Any, Any]:
    """`x`, `y` and `sample_weight` for `fit` and its like; any other data set than arrays is an `x`."""
    x, y, sample_weight, *_ = (*data, None, None) if is_arrays(data) else (data, None, None)
    return x, y, sample_weight


def training_data(data: Any, batch_size: int, seed: int) -> Any:
    """What `fit` gets: seeded batches of arrays; any other dataset as it is, in its own order."""
    return SeededBatches(tuple(data), batch_size, seed) if is_arrays(data) else data


def first_samples(data: Any) -> tuple[Any, Any]:
    """A few inputs and targets, spread over arrays or from the first batch of a data set; targets may be None.

    `_PICTURES` samples where an array has three axes or more, as pictures have; up to `_ROWS` otherwise.
    """
    parts = (*data, None)[:2] if is_arrays(data) else Batches(data).first(1)[0][:2]
    count = _PICTURES if any(len(leaf.shape) > 2 for leaf in _leaves(parts)) else _ROWS

    def take(array: Any) -> Any:
        return None if array is None else array[:: max(1, len(array) // count)][:count]

    x, y = tree.map_structure(take, parts)
    return x, y


def _leaves(data: Any) -> list[Any]:
    return [leaf for leaf in tree.flatten(data) if leaf is not None]

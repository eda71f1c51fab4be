"""Batches of data, one after the other for as long as they are asked for, without touching their owner's state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from ..._core.errors import invalid
from .._keras_seams import batches
from ._masked_arrays import refuse_masked

BATCH_SIZE = 32


class Batches:
    """Walks over data again and again, in an order of its own; gives `(x, y, sample_weight)` of NumPy arrays.

    Arrays are shuffled anew in each pass by `(seed, pass)` and cut into whole batches. A `PyDataset` is asked for its
    batches by number, in a shuffled order; its `on_epoch_end` is not called. Any other data set is iterated from its
    start in each pass: one that shuffles itself draws one more order by that.

    Args:
        data: a tuple `(x,)`, `(x, y)` or `(x, y, sample_weight)` of arrays or of structures of them, or a
            `PyDataset`, `tf.data.Dataset`, `DataLoader` or generator.
        batch_size: samples in a batch of arrays.
        seed: of the order.

    Raises:
        ValueError: for arrays of unequal lengths, and data without any batch.
    """

    def __init__(self, data: Any, batch_size: int = BATCH_SIZE, seed: int = 0):
        self.arrays = is_arrays(data)
        self.data: Any = data
        self.length = 0
        if self.arrays:
            self.data, self.length = as_arrays(data)
        self.batch_size = batch_size
        self.seed = seed
        self.passes = 0
        self._pass = self._one_pass()

    @property
    def again(self) -> bool:
        """Whether a pass can be repeated."""
        return self.arrays or isinstance(self.data, keras.utils.PyDataset) or not _is_iterator(self.data)

    def next(self) -> tuple[Any, Any, Any]:
        """The next batch; a new pass begins at the end of the data."""
        for _ in range(2):
            if (found := next(self._pass, None)) is not None:
                return keras.utils.unpack_x_y_sample_weight(found)
            self._pass = self._one_pass()
        raise invalid("The data must give at least one batch", received=type(self.data).__name__)

    def first(self, count: int) -> list[tuple[Any, Any, Any]]:
        """At most this many batches, of one pass."""
        found: list[tuple[Any, Any, Any]] = []
        while len(found) < count and (batch := next(self._pass, None)) is not None:
            found.append(keras.utils.unpack_x_y_sample_weight(batch))
        if not found:
            raise invalid("The data must give at least one batch", received=type(self.data).__name__)
        return found

    def all_of_a_pass(self) -> Iterator[Any]:
        """The batches of a new pass, one after the other, as the data gives them."""
        return self._one_pass()

    def _one_pass(self) -> Iterator[Any]:
        self.passes += 1
        if self.arrays:
            return self._of_arrays()
        if isinstance(self.data, keras.utils.PyDataset):
            return self._by_number()
        if _is_iterator(self.data):
            return (tree.map_structure(_as_array, batch) for batch in self.data)
        return iter(batches(self.data, None, None, None, None))

    def _of_arrays(self) -> Iterator[Any]:
        order = shuffled(self.length, self.seed, self.passes)
        size = min(self.batch_size, self.length)
        for start in range(0, self.length - size + 1, size):
            yield rows_of(self.data, order[start : start + size])

    def _by_number(self) -> Iterator[Any]:
        number = self.data.num_batches
        order = shuffled(number, self.seed, self.passes) if number is not None else np.arange(10**9)
        for index in order:
            yield tree.map_structure(_as_array, self.data[int(index)])


def is_arrays(data: Any) -> bool:
    """Whether the data is a tuple of arrays, or of structures of them, rather than a data set."""
    if not isinstance(data, tuple | list) or not data:
        return False
    leaves = [leaf for leaf in tree.flatten(tuple(data)) if leaf is not None]
    return all(hasattr(leaf, "__array__") or hasattr(leaf, "shape") for leaf in leaves)


def as_arrays(data: Any) -> tuple[tuple[Any, ...], int]:
    """The data with NumPy arrays for leaves, and their common length; None stays None."""
    data = tuple(data)
    refuse_masked(**dict(zip(("x", "y", "sample_weight"), data, strict=False)))
    arrays = tree.map_structure(_as_array, data)
    lengths = {len(leaf) for leaf in tree.flatten(arrays) if leaf is not None}
    if len(lengths) != 1 or lengths == {0}:
        raise invalid("All arrays of the data must have one length, at least 1", received=f"lengths {sorted(lengths)}")
    return arrays, lengths.pop()


def shuffled(length: int, seed: int, number: int) -> np.ndarray:
    """The order of the samples or batches in a pass, by the seed and the pass's number alone."""
    return np.random.default_rng([seed, number]).permutation(length)


def rows_of(data: Any, rows: Any) -> Any:
    """Some samples of all arrays of the data, in its structure."""
    return tree.map_structure(lambda leaf: None if leaf is None else leaf[rows], data)


def _is_iterator(data: Any) -> bool:
    return hasattr(data, "__next__")


def _as_array(leaf: Any) -> Any:
    if leaf is None or isinstance(leaf, np.ndarray):
        return leaf
    return ops.convert_to_numpy(leaf) if ops.is_tensor(leaf) else np.asarray(leaf)

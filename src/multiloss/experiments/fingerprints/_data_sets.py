"""Data sets of other kinds than arrays: what they give when they are read, twice."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras

from ...training.reading import Batches
from ._instances import own_fingerprint
from ._node import Node, Unreadable

# Seconds that reading a data set twice may take; one that takes longer counts as one that cannot be read.
BUDGET = 60.0
_DIGEST_BYTES = 16


def is_data_set(value: Any) -> bool:
    """Whether this is a data set that `fit` takes, and not arrays."""
    if isinstance(value, type):
        return False
    if isinstance(value, keras.utils.PyDataset) or hasattr(value, "__next__"):
        return True
    return _is_tensorflow(value) or _is_loader(value)


def describe_data_set(value: Any, digest: Callable[[Any], bytes]) -> Node:
    """A data set by its own `fingerprint`, or by all that it gives and, where its class says more, by its attributes.

    It is read twice, each time from the same seed, so that an order or noise that the seed alone decides is known, and
    one that comes from elsewhere is found out.

    Args:
        value: the data set.
        digest: of a batch.

    Raises:
        Unreadable: for one that can be read once, that does not end, that gives something else the second time, or that
            takes longer than `BUDGET`.
    """
    if (own := own_fingerprint(value)) is not None:
        return own
    inner = own_fingerprint(value.dataset) if _is_loader(value) else None
    content = None if inner else _content(value, digest)
    if _is_tensorflow(value):
        return Node("data set", (("specification", str(value.element_spec)), ("content", content)))
    # Later epochs may give something else than the first: what decides it stands in the attributes and the class.
    return Node("data set", (("class", type(value)), ("", _attributes(value)), ("content", content)))


def _content(value: Any, digest: Callable[[Any], bytes]) -> bytes:
    if hasattr(value, "__next__"):
        raise Unreadable(f"is a {type(value).__name__}, which can be read once only")
    if _is_endless(value):
        raise Unreadable(f"is a {type(value).__name__} without end")
    end = time.monotonic() + BUDGET
    first, second = (_one_pass(value, digest, end) for _ in range(2))
    if first != second:
        raise Unreadable(f"is a {type(value).__name__} that gives something else each time it is read")
    return first


def _is_endless(value: Any) -> bool:
    if isinstance(value, keras.utils.PyDataset):
        return value.num_batches is None
    # TensorFlow says -1 of a data set without end, and -2 of one whose length it does not know.
    return _is_tensorflow(value) and int(value.cardinality()) == -1


def _one_pass(value: Any, digest: Callable[[Any], bytes], end: float) -> bytes:
    keras.utils.set_random_seed(0)
    found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for batch in _batches(value):
        if time.monotonic() > end:
            raise Unreadable(f"is a {type(value).__name__} that is not read within {BUDGET:.0f} seconds")
        found.update(digest(batch))
    return found.digest()


def _batches(value: Any) -> Iterator[Any]:
    if isinstance(value, keras.utils.PyDataset):
        return (value[place] for place in range(value.num_batches or 0))
    return iter(value) if _is_loader(value) else Batches(value).all_of_a_pass()


def _attributes(value: Any) -> dict[str, Any]:
    """What a data set keeps; of what a loader keeps, such as queues and workers, what says which batches it gives."""
    if _is_loader(value):
        return {key: getattr(value, key, None) for key in _OF_LOADERS}
    return dict(vars(value))


_OF_LOADERS = (
    "dataset",
    "batch_size",
    "sampler",
    "batch_sampler",
    "collate_fn",
    "drop_last",
    "num_workers",
    "generator",
)


def _is_tensorflow(value: Any) -> bool:
    return hasattr(value, "element_spec") and hasattr(value, "as_numpy_iterator")


def _is_loader(value: Any) -> bool:
    return hasattr(value, "dataset") and hasattr(value, "collate_fn") and hasattr(value, "batch_sampler")

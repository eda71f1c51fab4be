"""What `fit`, `evaluate` and their like are given as `x`, `y` and `sample_weight`, before Keras sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..._core.errors import invalid
from ._frames import columns_of, inputs_of, targets_of
from ._leaves import leaves
from ._masked_arrays import refuse_masked, unmasked
from ._names import Names
from ._packed import packed

_TEXTS = "OSUMmc"
_ENCODE = "Encode classes as integers, as np.unique(labels, return_inverse=True)[1] does, and a missing label as NaN."


def read_data(names: Names, x: Any, y: Any = None, sample_weight: Any = None) -> tuple[Any, Any, Any]:
    """Arrays in a form that Keras carries to the step as it is; data sets unchanged.

    Args:
        names: the names of inputs, outputs and targets.
        x: inputs: arrays, DataFrames, structures of them; or a data set.
        y: targets.
        sample_weight: weights by output, target or term, or one array for all.

    Raises:
        ValueError: for what is no array of numbers, and for unequal lengths.
    """
    if not _holds_arrays(x):
        return x, y, sample_weight
    refuse_masked(x=x, y=y, sample_weight=sample_weight)
    x, y, sample_weight = unmasked(x), unmasked(y), unmasked(sample_weight)
    x = inputs_of(x, names.inputs)
    several = names.listed is None or len(names.listed) > 1
    y = targets_of(y, names.known, several)
    sample_weight = targets_of(sample_weight, names.known, several)
    parts = {"x": x, "y": y, "sample_weight": sample_weight}
    lengths = {path: _length(path, leaf) for part in parts for path, leaf in leaves(part, parts[part])}
    if len(set(lengths.values())) > 1:
        raise invalid(
            "All arrays must have one length, the number of samples",
            received=", ".join(f"`{path}` has {length}" for path, length in lengths.items()),
        )
    check_numbers(y, sample_weight)
    return x, *packed(y, sample_weight)


def check_numbers(y: Any, sample_weight: Any) -> None:
    """Refuses targets and weights that are texts or objects; of a data set this is asked of its first batch."""
    for part, given in (("y", y), ("sample_weight", sample_weight)):
        for path, leaf in leaves(part, given):
            if isinstance(leaf, str | bytes):
                raise invalid(f"`{path}` must hold numbers", received=repr(leaf)[:80], fix=_ENCODE)
            dtype = getattr(leaf, "dtype", None)
            texts = dtype.kind in _TEXTS if isinstance(dtype, np.dtype) else "string" in str(dtype)
            if texts:
                first = leaf.ravel()[0] if isinstance(leaf, np.ndarray) and leaf.size else ""
                shown = f", such as {first!r}"[:80] if first != "" else ""
                raise invalid(f"`{path}` must hold numbers", received=f"dtype {dtype}{shown}", fix=_ENCODE)


def _holds_arrays(x: Any) -> bool:
    return isinstance(x, Mapping | list | tuple) or hasattr(x, "shape") or columns_of(x) is not None


def _length(path: str, leaf: Any) -> int:
    shape = getattr(leaf, "shape", None)
    if shape is None or len(shape) == 0:
        shown = f"a {type(leaf).__name__} of {len(leaf)}" if hasattr(leaf, "__len__") else f"a {type(leaf).__name__}"
        raise invalid(
            f"`{path}` must be an array with one entry for each sample",
            received="a single number" if shape is not None else shown,
            fix="Write np.asarray(...); rows of unequal length must be padded first." if shape is None else "",
        )
    return int(shape[0])

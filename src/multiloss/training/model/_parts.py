"""Batches that cannot be cut into equal parts, one for each device: refused before anything is trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras

from ..._core.errors import invalid
from ..._core.wording import counted
from ..backends import parts_of_a_batch
from ..reading import BATCH_SIZE, is_arrays


def check_parts(given: Mapping[str, Any], in_batches: bool) -> None:
    """Refuses arrays of which some batch leaves a rest; a data set says its batches only as it gives them.

    Args:
        given: arguments of a method that takes data, as Keras reads them.
        in_batches: whether the method cuts arrays into batches; the others take them as one.

    Raises:
        ValueError: naming the batch, the number of devices, and what to do.
    """
    parts, samples = parts_of_a_batch(), _samples(given.get("x"))
    if parts == 1 or given.get("steps_per_epoch") or given.get("steps"):
        return
    size = (given.get("batch_size") or BATCH_SIZE) if in_batches else 0
    if samples is not None:
        kept = math.floor(samples * (1.0 - (given.get("validation_split") or 0.0)))
        _check("the data", kept, size, parts)
        _check("the part that validates", samples - kept, given.get("validation_batch_size") or size, parts)
    validation = given.get("validation_data")
    if isinstance(validation, tuple | list) and (samples := _samples(validation[0])) is not None:
        _check("`validation_data`", samples, given.get("validation_batch_size") or size, parts)


def _samples(x: Any) -> int | None:
    """The length of arrays; None for what is none."""
    leaves = keras.tree.flatten(x)
    return len(leaves[0]) if leaves and is_arrays((x,)) and getattr(leaves[0], "shape", ()) else None


def _check(what: str, samples: int, size: int, parts: int) -> None:
    """Looks at the whole batches and at the last one; `size` 0 is one batch of all samples."""
    last = samples % size if size else samples
    if last % parts == 0 and (samples < size or size % parts == 0):
        return
    if size % parts:
        received, fix = f"batch_size={size}", ""
    else:
        received = f"{counted(last, 'sample')} in the last batch of {what}"
        fix = f"Leave out {last % parts} of the {counted(samples, 'sample')}, or choose a"
    raise invalid(
        f"Every batch of a process must be cut into {parts} equal parts, one for each device",
        received=received,
        fix=f"{fix or 'Choose a'} batch size that leaves no rest.",
    )

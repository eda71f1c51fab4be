"""The bytes that a step holds of K gradients, counted from the shapes of variables and outputs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras

from ._plan import StepPlan

_FLOAT32 = 4


@dataclass(frozen=True)
class RowsHeld:
    """What the rows of one step take, in bytes; 0 where the balancer reads no gradients.

    Attributes:
        formed: K gradients of every variable whose gradients are formed.
        outputs: K gradients of the outputs of captured layers and representations.
    """

    formed: int
    outputs: int


def rows_held(plan: StepPlan, batch_size: int) -> RowsHeld:
    """Counts them.

    Args:
        plan: of a step that was planned; an open plan holds nothing.
        batch_size: the samples of a batch.
    """
    balancing, sharing = plan.objective.balancing, plan.sharing
    if not balancing.reads_gradients or sharing is None:
        return RowsHeld(0, 0)
    rows = len(balancing.rows)
    outputs = sum(_output_entries(captured.layer) for captured in sharing.captured) * batch_size * _FLOAT32
    return RowsHeld(rows * bytes_of(plan.variables[index] for index in sharing.measured), rows * outputs)


def bytes_of(variables: Iterable[Any]) -> int:
    """The size of variables in their own types."""
    return sum(
        math.prod(variable.shape) * _itemsize(keras.backend.standardize_dtype(variable.dtype)) for variable in variables
    )


def _output_entries(layer: keras.layers.Layer) -> int:
    """Entries of a sample's output; sizes that the shape leaves open count 1, and unknown shapes nothing."""
    try:
        outputs = layer.output
    except (AttributeError, ValueError):
        return 0
    return sum(math.prod(size or 1 for size in tensor.shape[1:]) for tensor in keras.tree.flatten(outputs))


def _itemsize(dtype: str) -> int:
    bits = "".join(sign for sign in dtype if sign.isdigit())
    return int(bits) // 8 if bits else 1

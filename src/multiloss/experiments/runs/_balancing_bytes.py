"""The bytes that balancing adds to a training step, counted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import keras
from keras import tree

from ...training import MultiLossModel

_FLOAT32 = 4


def balancing_bytes(trainer: MultiLossModel) -> int:
    """Bytes that a step holds for its balancer alone: the gradients that it reads one by one, and its state.

    For K rows these are K gradients of every variable whose gradients are formed, and, for layers that give their part
    of the Gramian without that, K gradients of their outputs. A balancer that reads losses holds a few numbers.

    This is counted, not measured: the peak memory of a process belongs to all its trainings and to what the backend
    keeps for later, and on one and the same step it varied twentyfold in our trials on JAX. What every training holds
    (weights, optimizer, activations) is not in it, nor are copies that live for a moment.

    Args:
        trainer: after at least one step, which finds what is shared.
    """
    program = trainer.program
    balancing = program.objective.balancing
    state = _bytes(trainer.state[key] for key in trainer.state.keys if key.startswith(("balancer/", "kept/")))
    sharing = program.plan.sharing
    if not balancing.reads_gradients or sharing is None:
        return state
    variables = trainer.model.trainable_variables
    samples = program.batch_size or 1
    formed = _bytes(variables[index] for index in sharing.measured)
    outputs = sum(_output_entries(captured.layer) for captured in sharing.captured) * samples * _FLOAT32
    return state + len(balancing.rows) * (formed + outputs)


def _output_entries(layer: keras.layers.Layer) -> int:
    """Entries of a sample's output; sizes that the shape leaves open count 1, and unknown shapes nothing."""
    try:
        outputs = layer.output
    except (AttributeError, ValueError):
        return 0
    return sum(math.prod(size or 1 for size in tensor.shape[1:]) for tensor in tree.flatten(outputs))


def _bytes(variables: Iterable[Any]) -> int:
    return sum(
        math.prod(variable.shape) * _itemsize(keras.backend.standardize_dtype(variable.dtype)) for variable in variables
    )


def _itemsize(dtype: str) -> int:
    bits = "".join(sign for sign in dtype if sign.isdigit())
    return int(bits) // 8 if bits else 1

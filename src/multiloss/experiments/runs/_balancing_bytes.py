"""The bytes that balancing adds to a training step, counted."""

from __future__ import annotations

from ...training import MultiLossModel, bytes_of, rows_held


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
    state = bytes_of(trainer.state[key] for key in trainer.state.keys if key.startswith(("balancer/", "kept/")))
    held = rows_held(program.plan, program.batch_size or 1)
    return state + held.formed + held.outputs

"""Which losses have a logarithm, and what the members share that minimise a function of logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.linalg import to_float
from .._core.typing import Array, State
from ._arguments import for_terms, numbers

# A loss at or below this has no logarithm to speak of; its inverse is still far from the overflow limit of float32.
FLOOR = 2.0**-100


def measurable(losses: Array, present: Array) -> tuple[Array, Array]:
    """The losses that have a logarithm, 1 in the place of the others, and a mask of them; shape `(K,)` each."""
    counts = ops.logical_and(present, losses > FLOOR)
    return ops.where(counts, losses, ops.ones_like(losses)), counts


class LogarithmBalancer(Balancer):
    """Reads the logarithms of the losses with powers p.

    Args:
        powers: p, as `numbers` takes them.
        normalize: as for every `Balancer`.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(self, powers: float | Sequence[float] | None = None, normalize: str = "sum_to_k"):
        super().__init__(normalize)
        self.powers = numbers("powers", powers)

    def init(self, num_terms: int) -> State:
        """Nothing is remembered; the number of powers is checked."""
        for_terms("powers", self.powers, num_terms, 1.0)
        return {}

    def parts(self, signals: Signals) -> tuple[Array, Array, Array]:
        """p where a loss has a logarithm, or where it is present if none has; the losses; whether one has."""
        losses = to_float(signals.losses)
        sizes, counts = measurable(losses, signals.present)
        some = ops.any(counts)
        powers = ops.convert_to_tensor(for_terms("powers", self.powers, losses.shape[0], 1.0), dtype=losses.dtype)
        return powers * ops.cast(ops.where(some, counts, signals.present), losses.dtype), sizes, some

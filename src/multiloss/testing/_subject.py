"""A balancer under examination, and what it is examined on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .._core.balancer import Balancer
from ._inputs import Inputs, make_inputs
from ._properties import memory
from ._runs import Compiler, Run


@dataclass(frozen=True)
class Subject:
    """A balancer under examination."""

    balancer: Balancer
    run: Run
    compile: Compiler | None
    sizes: list[int]

    def inputs(self) -> list[Inputs]:
        """One input for each number of terms."""
        return [
            make_inputs(self.balancer, np.random.default_rng(size).normal(size=(size, 2 * size + 1)))
            for size in self.sizes
        ]

    def pair(self) -> Inputs:
        """The input with two terms, or as near to two as can be; what is not compiled is tried on it alone."""
        return min(self.inputs(), key=lambda inputs: abs(len(inputs.losses) - 2))

    def steps(self, inputs: Inputs) -> int:
        """How many steps show all that the balancer does."""
        return memory(self.balancer, len(inputs.losses))

    def require(self, holds: bool | np.bool_, contract: str) -> None:
        """Raises `AssertionError` with the broken contract."""
        if not holds:
            raise AssertionError(f"{self.balancer!r}: {contract}")


def without_last(inputs: Inputs) -> Inputs:
    """The last term absent, its loss 0 and its gradient unknown."""
    last = np.arange(len(inputs.losses)) == len(inputs.losses) - 1
    gramian = np.where(last[:, None] | last[None, :], np.nan, inputs.gramian)
    return replace(inputs, losses=np.where(last, 0.0, inputs.losses), gramian=gramian, present=~last)

"""A balancer under examination, and what it is examined on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .._core.balancer import Balancer
from ._runs import Compiler, Inputs, Run, make_inputs


@dataclass(frozen=True)
class Subject:
    """A balancer under examination."""

    balancer: Balancer
    run: Run
    compile: Compiler | None
    sizes: list[int]

    def inputs(self) -> Iterable[Inputs]:
        """One input for each number of terms."""
        for size in self.sizes:
            yield make_inputs(self.balancer, np.random.default_rng(size).normal(size=(size, 2 * size + 1)))

    def require(self, holds: bool | np.bool_, contract: str) -> None:
        """Raises `AssertionError` with the broken contract."""
        if not holds:
            name = type(self.balancer).__name__
            arguments = ", ".join(f"{key}={value!r}" for key, value in self.balancer.get_config().items())
            raise AssertionError(f"{name}({arguments}): {contract}")

"""The time of contenders that take turns, as ratios to a baseline of the same minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from clock import seconds

# Between the first batch of a new model and this many more lies what compiling costs.
WARM_UP = 2


@dataclass
class Sampler:
    """Trains one epoch at each call, and gives the seconds that it took.

    Attributes:
        epoch: trains on so many batches.
        steps: the batches of a sample, at least 50.
        compiling: seconds of the first step over a later one.
    """

    epoch: Callable[[int], Any]
    steps: int
    compiling: float = field(init=False)

    def __post_init__(self) -> None:
        first = self._timed(1)
        self.compiling = first - min(self._timed(1) for _ in range(WARM_UP))
        self()

    def __call__(self) -> float:
        """One sample."""
        return self._timed(self.steps)

    def _timed(self, steps: int) -> float:
        start = seconds()
        self.epoch(steps)
        return seconds() - start


def ratios(baseline: Sampler, others: dict[str, Sampler], rounds: int) -> dict[str, float]:
    """The median of each contender's paired ratio to the baseline."""
    found: dict[str, list[float]] = {name: [] for name in others}
    for _ in range(rounds):
        for name, sample in others.items():
            before, own, after = baseline(), sample(), baseline()
            found[name].append(2.0 * own / (before + after))
    return {name: float(np.median(values)) for name, values in found.items()}


def milliseconds(call: Callable[[], Any], repeats: int) -> float:
    """The median CPU time of a call, after two that warm up."""
    taken = []
    for _ in range(repeats + 2):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return 1000 * float(np.median(taken[2:]))


def line(row: dict[str, Any]) -> str:
    """A row of the table for people."""
    shown = ((key, f"{value:.3f}" if isinstance(value, float) else value) for key, value in row.items())
    return "  ".join(f"{key} {value}" for key, value in shown)


def compiled(function: Callable) -> Callable:
    """The function under the backend's compiler."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function)
    return function

"""The law by which a constraint's multiplier follows the violation; pure array code."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.linalg import filled
from .._core.typing import Array, State

METHODS = ("augmented", "geco")


@dataclass(frozen=True)
class ConstraintStep:
    """What a constraint adds to a step; scalars.

    Attributes:
        factor: the derivative of `energy` by the violation, which weighs the constrained loss.
        energy: what the constraint adds to the Lagrangian.
        multiplier: the multiplier of this step.
        violation: (loss - upper bound) / scale in this batch; negative where the constraint holds.
    """

    factor: Array
    energy: Array
    multiplier: Array
    violation: Array


@dataclass(frozen=True)
class Multiplier:
    """Follows one violation c; `ml.Constraint` explains the arguments."""

    method: str = "augmented"
    learning_rate: float = 0.02
    decay: float = 0.9
    penalty: float = 1.0
    growth: float = 1.001
    max_penalty: float = 10.0
    max_multiplier: float = 1e4
    restart: bool = True

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise invalid(f"`method` of a Constraint must be one of {list(METHODS)}", received=repr(self.method))
        for name in ("learning_rate", "penalty", "max_penalty", "max_multiplier"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise invalid(f"`{name}` of a Constraint must be positive and finite", received=getattr(self, name))
        if not 0 <= self.decay < 1:
            raise invalid("`decay` of a Constraint must be in [0, 1)", received=self.decay)
        if not self.growth >= 1:
            raise invalid("`growth` of a Constraint must be at least 1", received=self.growth)
        if self.max_penalty < self.penalty:
            raise invalid("`max_penalty` of a Constraint must not be below `penalty`", received=self.max_penalty)

    def init(self) -> State:
        """The state before the first step."""
        start = 0.0 if self.method == "augmented" else 1.0
        return {
            "multiplier": np.float32(start),
            "penalty": np.float32(self.penalty),
            "violation": np.float32(0.0),
            "memory": np.float32(0.0),
        }

    def step(self, violation: Array, present: Array, state: State) -> tuple[ConstraintStep, State]:
        """What the constraint adds to this step, and the state after it; without a label nothing moves.

        Args:
            violation: scalar, float32.
            present: scalar bool.
            state: the last state.
        """
        multiplier, penalty = state["multiplier"], state["penalty"]
        if self.method == "augmented":
            factor = ops.relu(multiplier + penalty * violation)
            energy = (factor * factor - multiplier * multiplier) / (2.0 * penalty)
        else:
            factor, energy = multiplier, multiplier * violation
        nothing = ops.zeros_like(factor)
        step = ConstraintStep(
            ops.where(present, factor, nothing), ops.where(present, energy, nothing), multiplier, violation
        )
        return step, self._next(violation, present, state)

    def _next(self, violation: Array, present: Array, state: State) -> State:
        smoothed = self.decay * state["violation"] + (1.0 - self.decay) * violation
        memory = self.decay * state["memory"] + (1.0 - self.decay)
        mean = smoothed / memory
        if self.method == "augmented":
            multiplier = ops.clip(state["multiplier"] + self.learning_rate * mean, 0.0, self.max_multiplier)
        else:
            # In the logarithm, so that no violation, however large, overflows.
            bound = math.log(self.max_multiplier)
            multiplier = ops.exp(ops.clip(ops.log(state["multiplier"]) + self.learning_rate * mean, -bound, bound))
        grown = ops.minimum(state["penalty"] * self.growth, self.max_penalty)
        rested = filled(grown, self.penalty) if self.restart else state["penalty"]
        moved = {
            "multiplier": multiplier,
            "penalty": ops.where(mean > 0, grown, rested),
            "violation": smoothed,
            "memory": memory,
        }
        return {key: ops.where(present, value, state[key]) for key, value in moved.items()}

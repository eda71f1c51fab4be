"""The constraints of an objective: their multipliers' state, and what they add to a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from ..._core.typing import Array
from ...terms import Constraint
from ..reading import BoundTerm, TrainingState


@dataclass(frozen=True)
class ConstraintSteps:
    """What all constraints add to a step.

    Attributes:
        factors: the weights of the constrained terms before the user's weights and scales; shape `(T,)`, 1 elsewhere.
        energy: what they add to the Lagrangian; a scalar.
        logs: multipliers and violations, shape `(2, C)`.
    """

    factors: Array
    energy: Array
    logs: Array


class Constraints:
    """Knows which terms are constraints; their state is in `TrainingState`."""

    def __init__(self, terms: Sequence[BoundTerm], state: TrainingState):
        self.terms = [term for term in terms if isinstance(term.description, Constraint)]
        self.num_terms = len(terms)
        self.state = state

    def __bool__(self) -> bool:
        return bool(self.terms)

    def initial_values(self) -> dict[str, Any]:
        """The multipliers' variables, by key."""
        return {
            term.constraint_prefix + key: value
            for term in self.terms
            for key, value in term.description.multiplier.init().items()  # type: ignore[union-attr]
        }

    def step(self, losses: Array, present: Array, user: Array, divisors: Array) -> ConstraintSteps:
        """Reads the violations, and moves the multipliers.

        Args:
            losses: raw losses of all terms, shape `(T,)`.
            present: which take part.
            user: the user's weights.
            divisors: the scales.
        """
        factors: list[Any] = [np.float32(1.0)] * self.num_terms
        energy = ops.zeros((), "float32")
        multipliers, violations = [], []
        for term in self.terms:
            at, constraint = term.index, term.description
            violation = (losses[at] - constraint.upper_bound) / divisors[at]  # type: ignore[union-attr]
            prefix = term.constraint_prefix
            step, after = constraint.multiplier.step(  # type: ignore[union-attr]
                violation, present[at], self.state.read(prefix)
            )
            self.state.write(prefix, after)
            factors[at] = step.factor
            energy = energy + user[at] * step.energy
            multipliers.append(step.multiplier)
            violations.append(ops.where(present[at], violation, ops.zeros_like(violation)))
        stacked = ops.stack([ops.cast(factor, "float32") for factor in factors])
        return ConstraintSteps(stacked, energy, ops.stack([ops.stack(multipliers), ops.stack(violations)]))

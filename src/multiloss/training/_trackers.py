"""One vector-valued tracker for the logs of all terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.typing import Array
from ..terms import Constraint
from ._bound import BoundTerm

# Rows of the matrix of sums, one column a term.
NUMERATOR, DENOMINATOR, LABELLED, SCALED, WEIGHT = range(5)
# Entries of the vector of totals.
LOSS, OBJECTIVE, SAMPLES, EVALUATED = range(4)


class TermTracker(keras.metrics.Metric):
    """Logs `loss`, and `t_loss`, `t_weight`, `t_labelled` of every term.

    In training `loss` and `t_weight` are means over steps, each step counting by its number of samples, as in Keras:
    the parts then add up to `loss` although the last batch of an epoch is smaller. A term's own value is (sum of
    numerators) / (sum of labels), so that an unlabelled batch does not drag it down. In evaluation `loss` is
    sum(user_weight * t_loss / fixed scale).

    Constraints also log `t_multiplier` and `t_violation`, means over steps.

    Args:
        terms: the bound terms, in order.
        has_objective: whether the balancer logs an objective of its own.
    """

    def __init__(self, terms: Sequence[BoundTerm], has_objective: bool):
        super().__init__(name="loss", dtype="float32")
        self.term_names = [term.name for term in terms]
        self.partly_labelled = [term.name for term in terms if term.may_lack_labels]
        self.has_objective = has_objective
        self.constrained = [term.name for term in terms if isinstance(term.description, Constraint)]
        self.sums = self.add_variable((5, len(terms)), "zeros", name="sums")
        self.totals = self.add_variable((4,), "zeros", name="totals")
        if self.constrained:
            self.pressures = self.add_variable((2, len(self.constrained)), "zeros", name="pressures")

    def update_state(self, rows: Array, totals: Array, pressures: Array | None = None) -> None:
        """Adds one step.

        Args:
            rows: shape `(5, T)`: numerators, denominators, labelled samples, scaled numerators, weights times samples.
            totals: shape `(4,)`: loss and objective times the samples, samples, 1 in evaluation.
            pressures: multipliers and violations of the constraints, shape `(2, C)`; None in evaluation.
        """
        self.sums.assign(self.sums + ops.cast(rows, "float32"))
        self.totals.assign(self.totals + ops.cast(totals, "float32"))
        if pressures is not None:
            self.pressures.assign(self.pressures + pressures * totals[SAMPLES])

    def result(self) -> dict[str, Array]:
        """The logs as a dict of scalars."""
        sums, totals = self.sums.value * 1, self.totals.value * 1
        samples = ops.maximum(totals[SAMPLES], 1.0)
        denominators = ops.where(sums[DENOMINATOR] > 0, sums[DENOMINATOR], ops.ones_like(sums[DENOMINATOR]))
        losses = sums[NUMERATOR] / denominators
        evaluated = ops.sum(sums[SCALED] / denominators)
        logs = {"loss": ops.where(totals[EVALUATED] > 0, evaluated, totals[LOSS] / samples)}
        for index, name in enumerate(self.term_names):
            logs[f"{name}_loss"] = losses[index]
        weights = sums[WEIGHT] / samples
        for index, name in enumerate(self.term_names):
            logs[f"{name}_weight"] = weights[index]
        labelled = sums[LABELLED] / samples
        for index, name in enumerate(self.term_names):
            if name in self.partly_labelled:
                logs[f"{name}_labelled"] = labelled[index]
        if self.constrained:
            pressures = self.pressures.value / samples
            for index, name in enumerate(self.constrained):
                logs[f"{name}_multiplier"], logs[f"{name}_violation"] = pressures[0, index], pressures[1, index]
        if self.has_objective:
            logs["objective"] = totals[OBJECTIVE] / samples
        return logs

    def evaluation_logs(self, logs: dict[str, Any]) -> dict[str, Any]:
        """The logs that make sense in evaluation: no weights, no objective."""
        dropped = {f"{name}_weight" for name in self.term_names} | {"objective"}
        dropped |= {f"{name}_{kind}" for name in self.constrained for kind in ("multiplier", "violation")}
        return {key: value for key, value in logs.items() if key not in dropped}

    def reset_state(self) -> None:
        """Starts a new epoch."""
        self.sums.assign(np.zeros(self.sums.shape, "float32"))
        self.totals.assign(np.zeros(self.totals.shape, "float32"))
        if self.constrained:
            self.pressures.assign(np.zeros(self.pressures.shape, "float32"))

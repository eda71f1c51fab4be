"""One vector-valued tracker for the logs of all terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ..._core.linalg import filled, stack
from ..._core.typing import Array
from ...terms import Constraint
from ..reading import BoundTerm
from ._record import StepRecord, TermSums, Totals

TINY = float(np.finfo("float32").tiny)


class TermTracker(keras.metrics.Metric):
    """Logs `loss`, and `t_loss`, `t_weight`, `t_labelled` of every term.

    In training `loss` and `t_weight` are means over steps, each step counting by its number of samples, as in Keras:
    the parts then add up to `loss` although the last batch of an epoch is smaller. A term's own value is (sum of
    numerators) / (sum of labels), so that an unlabelled batch does not drag it down. In evaluation `loss` is
    sum(user_weight * t_loss / fixed scale) over the terms with a label, and NaN is the value of a term without any, and
    of a sum in which no target has judged anything.

    Constraints also log `t_multiplier` and `t_violation`, means over steps.

    Args:
        terms: the bound terms, in order.
        has_objective: whether the balancer logs an objective of its own.
    """

    def __init__(self, terms: Sequence[BoundTerm], has_objective: bool):
        super().__init__(name="loss", dtype="float32")
        self.term_names = [term.name for term in terms]
        self.partly_labelled = [term.name for term in terms if term.may_lack_labels]
        self._judges = [index for index, term in enumerate(terms) if term.reads_targets]
        self.has_objective = has_objective
        self.constrained = [term.name for term in terms if isinstance(term.description, Constraint)]
        self.sums = self.add_variable((len(TermSums._fields), len(terms)), "zeros", name="sums")
        self.totals = self.add_variable((len(Totals._fields),), "zeros", name="totals")
        if self.constrained:
            self.constraints = self.add_variable((2, len(self.constrained)), "zeros", name="constraints")

    def update_state(self, record: StepRecord) -> None:
        """Adds one step.

        Args:
            record: what the step adds.
        """
        self.sums.assign(self.sums + ops.stack(record.terms))
        self.totals.assign(self.totals + stack(record.totals))
        if record.constraints is not None:
            self.constraints.assign(self.constraints + record.constraints * record.totals.samples)

    def has_counted(self) -> Array:
        """Whether any batch was counted since the last reset."""
        return self.totals.value[Totals._fields.index("samples")] > 0

    def minimized(self) -> list[str]:
        """The names of its logs that are better when lower."""
        logs = ["loss", *[f"{name}_loss" for name in self.term_names]]
        logs += [f"{name}_violation" for name in self.constrained]
        return [*logs, "objective"] if self.has_objective else logs

    def term_losses(self) -> list[float | None]:
        """Each term's loss since the last reset, in its own units; None where no label was seen."""
        sums = TermSums(*np.asarray(ops.convert_to_numpy(self.sums), "float64"))
        pairs = zip(sums.numerators, sums.denominators, strict=True)
        return [float(numerator / denominator) if denominator > 0 else None for numerator, denominator in pairs]

    def result(self) -> dict[str, Array]:
        """The logs as a dict of scalars."""
        matrix, vector = self.sums.value * 1, self.totals.value * 1
        sums = TermSums(*(matrix[index] for index in range(len(TermSums._fields))))
        totals = Totals(*(vector[index] for index in range(len(Totals._fields))))
        samples = ops.maximum(totals.samples, ops.ones_like(totals.samples))
        # 0 / 0 in evaluation: a perfect 0 for what no label judged would be the best epoch of all.
        losses = sums.numerators / ops.maximum(sums.denominators, TINY - TINY * totals.evaluated)
        scaled = ops.sum(sums.scaled / ops.maximum(sums.denominators, filled(sums.denominators, TINY)))
        if self._judges:
            scaled = scaled + 0.0 / self._labels(sums.denominators)
        logs = {"loss": ops.where(totals.evaluated > 0, scaled, totals.loss / samples)}
        for index, name in enumerate(self.term_names):
            logs[f"{name}_loss"] = losses[index]
        weights = sums.weights / samples
        for index, name in enumerate(self.term_names):
            logs[f"{name}_weight"] = weights[index]
        labelled = sums.labelled / samples
        for index, name in enumerate(self.term_names):
            if name in self.partly_labelled:
                logs[f"{name}_labelled"] = labelled[index]
        if self.constrained:
            means = self.constraints.value / samples
            for index, name in enumerate(self.constrained):
                logs[f"{name}_multiplier"], logs[f"{name}_violation"] = means[0, index], means[1, index]
        if self.has_objective:
            logs["objective"] = totals.objective / samples
        return logs

    def _labels(self, denominators: Array) -> Array:
        """The labels of all terms that have targets; 0 where no target has judged anything."""
        if len(self._judges) == len(self.term_names):
            return ops.sum(denominators)
        return sum(denominators[index] for index in self._judges)

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
            self.constraints.assign(np.zeros(self.constraints.shape, "float32"))

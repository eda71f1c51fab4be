"""The step where a backend writes its variables in place: nothing is written until it is known to be finite."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras

from ..._core.typing import Array
from ..rows import CapturedLayer, RecordingScope
from ._gradients import differentiate
from ._linearized import Linearized
from ._program import StepProgram
from ._replicas import join, together


class WritingProgram(StepProgram):
    """`train_step` and `test_step` of backends that write in place; a backend gives four short methods."""

    @abc.abstractmethod
    def linearize(
        self, x: Any, y: Any, sample_weight: Any, *, around: Sequence[CapturedLayer] | None = None
    ) -> Linearized:
        """See `StepProgram`; with `around` nothing is captured, and no gradient reaches those layers' own variables."""

    @abc.abstractmethod
    def when(self, condition: Any, action: Callable[[], Any], otherwise: Callable[[], Any] | None = None) -> None:
        """Runs one of two actions with side effects; the condition is a bool, or a scalar of the graph."""

    @abc.abstractmethod
    def nonfinite_terms(self, linear: Linearized, wanted: Array) -> Array:
        """Marks the terms whose own gradient is not finite, shape `(T,)` int32; zeros where it is not wanted."""

    def to_tensors(self, structure: Any) -> Any:
        """A batch as tensors of the backend."""
        return structure

    def without_gradients(self) -> contextlib.AbstractContextManager[Any]:
        """Within it, nothing is recorded for a backward pass."""
        return contextlib.nullcontext()

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step on a batch, and its logs."""
        x, y, sample_weight = self.to_tensors(keras.utils.unpack_x_y_sample_weight(data))
        variables, replicas = self.model.trainable_variables, self.objective.replicas
        linear, plan = self.linearize(x, y, sample_weight), self.plan
        plan.complete(linear)
        before = self._before_update()
        with self.without_gradients():
            with linear.scope:
                step = differentiate(
                    self.objective, linear, plan.sharing, len(variables), self.host.optimizer.scale_loss
                )
                step = dataclasses.replace(step, gradients=replicas.gradients(step.gradients, variables))
                check = self.check(linear, step, lambda wanted: self.nonfinite_terms(linear, wanted))
                self.track(linear.forward, step)
            # Whoever owns it: what a layer assigns may stand in no list of the model's, as in plain Keras.
            updates = replicas.agreed(_recorded(linear.scope), self._own_variables)

            def commit() -> None:
                self.when(check.moves, lambda: [variable.assign(value) for variable, value in updates])
                self.host.optimizer.apply(*step.connected(variables))
                if self.objective.balancing.reads_after_update:
                    pairs = [*self.regularized_values(), *before]
                    self.state.write("", self.after_update(x, y, sample_weight, step.measured, pairs))

            def refuse() -> None:
                if check.refused is not None:
                    self.state.write("", check.refused())

            self.when(check.applies, commit, refuse)
        return self.host.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """One evaluation batch, and the logs so far."""
        x, y, sample_weight = self.to_tensors(keras.utils.unpack_x_y_sample_weight(data))
        self.evaluate(join(self.forward(x, y, sample_weight, training=False), self.objective.replicas)[1])
        return self.evaluation_logs()

    def logs(self, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """See `StepProgram`: of the metrics' sums over all replicas."""
        variables, replicas = self.host.metrics_variables, self.objective.replicas
        if replicas.count == 1:
            return super().logs(compute)
        sums = together(replicas.total, [variable.value for variable in variables])
        with keras.StatelessScope(list(zip(variables, sums, strict=True))):
            return super().logs(compute)

    def regularized_values(self) -> list[tuple[keras.Variable, Any]]:
        """Keras reads regularised weights from the scope's mapping: they must stand in it."""
        return [(v, v.value) for v in self.model.trainable_variables if v.regularizer is not None]

    def _own_variables(self) -> set[int]:
        """The identities of all variables that are not the model's."""
        return {id(variable) for variable in [*self.state.variables, *self.host.metrics_variables]}

    def _before_update(self) -> list[tuple[keras.Variable, Any]]:
        """The seed generators' states and the step number, as they are now."""
        if not self.objective.balancing.reads_after_update:
            return []
        return [(variable, variable.value + 0) for variable in [*self.seed_states(), self.state["step"]]]


def _recorded(scope: keras.StatelessScope) -> list[tuple[keras.Variable, Any]]:
    """The variables that a pass, and all that ran in its scope since, would write, with their values."""
    assert isinstance(scope, RecordingScope)
    return list(scope.updates.values())

"""The parts of a step that are the same on every backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from .._core.typing import Array
from ..terms import Batch, TermValue
from . import _guard
from ._features import Observed, split
from ._gradients import Step, warn_unreached
from ._keras_seams import keras_mask
from ._measured import Measured, stack
from ._objective import Objective
from ._serialization import seed_states
from ._sharing import Sharing, find_sharing, with_taps
from ._tappable import REPRESENTATION, representation, tappable
from ._taps import Recording, Tap


@dataclass(frozen=True)
class Forward:
    """One forward pass with the values of all terms.

    Attributes:
        y_pred: the model's outputs as it returned them; `Observed` when terms read inner layers.
        batch: what the terms read.
        values: the terms' values, connected to the graph.
    """

    y_pred: Any
    batch: Batch
    values: list[TermValue]


@dataclass(frozen=True)
class Linearized:
    """A forward pass in training mode that can be pulled back; nothing has been written.

    Attributes:
        forward: the forward pass.
        losses: one scalar for each term, detached where the backend tells the difference.
        pull: the backward passes.
        scope: holds what the pass would write.
        mapped: what stood in the scope beforehand, by the variables' ids.
    """

    forward: Forward
    losses: Sequence[Array]
    pull: Any
    scope: keras.StatelessScope
    mapped: dict[int, Any]

    def updates(self, variables: Sequence[keras.Variable]) -> list[tuple[keras.Variable, Any]]:
        """The variables that the pass, and all that ran in its scope since, would write, with their values."""
        return [
            (variable, value)
            for variable in variables
            if (value := self.scope.get_current_value(variable)) is not None
            and value is not self.mapped.get(id(variable))
        ]


@dataclass(frozen=True)
class Verdict:
    """What may happen with a step.

    Attributes:
        applies: whether the optimizer may step.
        moves: whether, where it may, the other state moves too; under loss scaling an overflow moves nothing.
        note: gives the guard's next values, by key, where the step does not apply; None without a guard.
    """

    applies: Array | bool
    moves: Array | bool
    note: Callable[[], dict[str, Array]] | None


class CommonSteps:
    """Shared pieces of `train_step` and `test_step`; `MultiLossModel` gives the attributes."""

    model: Any
    state: Any
    objective: Objective
    on_nonfinite: str
    tracker: Any
    by_name: Any
    update_metrics: Any
    _reach: list[set[int]] | None
    _sharing: Sharing | None
    _extended: Any
    _examine_compiled: Any
    _logs_compiled: Any
    _batch_size: int

    # What keras.Model gives.
    optimizer: Any
    losses: Any
    variables: Any
    trainable_variables: Any
    non_trainable_variables: Any
    metrics_variables: Any
    get_metrics_result: Any
    jit_compile: Any
    run_eagerly: Any

    def random_state(self) -> dict[str, Any]:
        """Generators outside Keras that the backend draws from; none but on PyTorch."""
        return {}

    def restore_random_state(self, state: dict[str, Any]) -> None:
        """Sets those generators."""

    def run_forward(self, x: Any, y: Any, sample_weight: Any, training: bool) -> Forward:
        """Calls the model and evaluates the terms."""
        return self.evaluate_terms(x, y, self.observe(x, training), sample_weight)

    def observe(self, x: Any, training: bool) -> Any:
        """The outputs, with those of the inner layers that terms read."""
        if self._extended is None:
            return self(x, training=training)  # type: ignore[operator]
        return Observed(**self(x, inner=True, training=training))  # type: ignore[operator]

    def evaluate_terms(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Forward:
        """Evaluates the terms on given outputs."""
        batch = self.batch(x, y, y_pred, sample_weight)
        return Forward(y_pred, batch, self.objective.evaluate(batch, self.losses))

    def batch(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Batch:
        """The batch by name."""
        y_pred, features = split(y_pred)
        outputs, targets, weights = self.by_name(y, y_pred, sample_weight)
        masks = {name: mask for name, value in outputs.items() if (mask := keras_mask(value)) is not None}
        outputs = {name: _precise(value) for name, value in outputs.items()}
        features = {name: _precise(value) for name, value in features.items()}
        return Batch(x, targets, outputs, weights, self.model, self.state["step"].value, masks, features)

    def regularized_values(self) -> list[tuple[keras.Variable, Any]]:
        """Keras reads regularised weights from the scope's mapping: they must stand in it."""
        return [(v, v.value) for v in self.model.trainable_variables if v.regularizer is not None]

    def uses_loss_scaling(self) -> bool:
        """Whether the optimizer expects some gradients to overflow, and deals with it."""
        return isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)

    def taps(self) -> Sequence[Tap]:
        """The layers to be recorded: all that may be wanted, until it is known which are."""
        if self._sharing is not None:
            return self._sharing.taps
        balancing = self.objective.balancing
        if not balancing.reads_gradients:
            return ()
        if balancing.wrt.startswith(REPRESENTATION):
            return representation(self.model, balancing.wrt)
        return tappable(self.model, self.model.trainable_variables)

    def plan(self, linear: Linearized, around: Callable[[Sequence[Tap]], list[set[int]]]) -> None:
        """Finds once what the terms reach, what is shared, and what taps can give.

        Args:
            linear: a forward pass with `taps` recorded.
            around: for every term, the variables that it reaches around some taps.
        """
        if self._reach is None:
            self._reach = linear.pull.reach()
            warn_unreached(self.objective, self._reach)
        if self._sharing is None and self.objective.balancing.reads_gradients:
            sharing = find_sharing(self.objective, self._reach, self.model.trainable_variables)
            taps = self._paying(linear.pull.recording)
            reached = around([tap for tap in taps if tap.variables]) if taps else []
            reached = [reached[term] for term in self.objective.balancing.balanced] if taps else []
            self._sharing = with_taps(sharing, taps, reached)

    def _paying(self, recording: Recording) -> list[Tap]:
        """The taps that cost less than forming gradients."""
        balancing = self.objective.balancing
        found = []
        for tap in recording.taps:
            inputs = [recording.inputs[place] for place in recording.places([tap])]
            if inputs and tap.pays(inputs, len(balancing.rows), self._batch_size, balancing.reads_norms):
                found.append(tap)
        return found

    def all_finite(self, gradients: Sequence[Any]) -> Array:
        """Whether no gradient holds a NaN or an infinity; sums, in which both survive, read every entry just once."""
        sums = [_total(gradient) for gradient in gradients]
        return ops.isfinite(sum(sums[1:], sums[0])) if sums else ops.ones((), "bool")

    def verdict(
        self, losses: Sequence[Array], gradients: Sequence[Any], find_guilty: Callable[[Array], Array]
    ) -> Verdict:
        """Whether the step is finite, and what the guard notes where it is not.

        Args:
            losses: one scalar for each term.
            gradients: the combined gradients of the variables that are reached.
            find_guilty: given whether it is wanted, marks the terms with a non-finite gradient, shape `(T,)` int32.
        """
        if self.on_nonfinite == "ignore":
            return Verdict(True, self.all_finite(gradients) if self.uses_loss_scaling() else True, None)
        finite_gradients = self.all_finite(gradients)
        finite_losses = ops.isfinite(stack(losses))
        losses_ok = ops.all(finite_losses)
        # Under loss scaling an overflow of the gradients is normal, and the optimizer's own affair.
        guarded = ops.ones((), "bool") if self.uses_loss_scaling() else finite_gradients

        def note() -> dict[str, Array]:
            guilty = find_guilty(ops.logical_and(losses_ok, ops.logical_not(guarded)))
            return _guard.record(self.state, finite_losses, guarded, guilty)

        step_ok = ops.logical_and(losses_ok, guarded)
        step_ok = ops.logical_and(step_ok, _guard.untouched(self.state, self.on_nonfinite))
        return Verdict(step_ok, finite_gradients if self.uses_loss_scaling() else True, note)

    def track(self, forward: Forward, step: Step) -> None:
        """Advances the step counter, the logs and the metrics; inside a scope that can still be thrown away."""
        step_variable = self.state["step"]
        step_variable.assign(step_variable.value + 1)
        rows, totals = self.objective.log_rows(forward.values, step.measured, step.weights, step.balance)
        self.tracker.update_state(rows, totals, step.balance.constraints)
        self.update_metrics(forward.batch)

    def second_look(
        self, x: Any, y: Any, sample_weight: Any, measured: Measured, pairs: Sequence[tuple[keras.Variable, Any]]
    ) -> dict[str, Any]:
        """The balancer's variables after it saw the losses of the same batch at the updated weights.

        Args:
            x: inputs.
            y: targets.
            sample_weight: sample weights.
            measured: what the step measured before the update.
            pairs: variables with the values that they shall have; with the seeds of the step, dropout drops the same.
        """
        with keras.StatelessScope(pairs, collect_losses=True):
            values = self.run_forward(x, y, sample_weight, training=True).values
            after = self.objective.balancing.after_update(stack([value.loss for value in values]), measured)
        return {f"balancer/{key}": value for key, value in after.items()}

    def seeds_of_step(self) -> list[tuple[keras.Variable, Any]]:
        """The seed generators' states and the step number, as they are now."""
        if not self.objective.balancing.reads_after_update:
            return []
        return [(variable, variable.value + 0) for variable in [*seed_states(self), self.state["step"]]]

    def evaluate_step(self, forward: Forward) -> None:
        """Updates the logs of one evaluation batch."""
        losses = [value.loss for value in forward.values]
        measured = self.objective.measure(forward.values, losses, training=False)
        weights = measured.user / measured.divisors
        rows, totals = self.objective.log_rows(forward.values, measured, weights, None)
        self.tracker.update_state(rows, totals)
        self.update_metrics(forward.batch)

    def test_logs(self) -> dict[str, Any]:
        """The logs of an evaluation."""
        return self.tracker.evaluation_logs(self.get_metrics_result())


def _precise(value: Array) -> Array:
    """Losses are computed in float32 or better, whatever the compute dtype."""
    dtype = keras.backend.standardize_dtype(value.dtype)
    return value if dtype in ("float32", "float64") or "float" not in dtype else ops.cast(value, "float32")


def _total(gradient: Array) -> Array:
    """The sum of all entries in float32; a product with ones reads a matrix faster than a reduction does."""
    gradient = ops.cast(gradient, "float32")
    if len(gradient.shape) < 2:
        return ops.sum(gradient)
    matrix = ops.reshape(gradient, (-1, gradient.shape[-1]))
    return ops.sum(ops.matmul(ops.ones((1, ops.shape(matrix)[0]), "float32"), matrix))

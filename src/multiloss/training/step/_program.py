"""`StepProgram`: one training step as an object, and what a backend owes to it."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from ..._core.draws import same_draws
from ..._core.errors import invalid
from ..._core.linalg import stack
from ..._core.typing import Array
from ...terms import Batch
from .._keras_seams import keras_mask, with_mask
from ..logs import OutputMetrics, TermTracker, metric_masks
from ..reading import Names, Observed, TrainingState, seed_states
from ._gradients import Step
from ._guard import Guard, StepCheck
from ._linearized import Forward, Linearized
from ._measured import Measured
from ._objective import Objective
from ._plan import StepPlan
from ._replicas import join


class Host(Protocol):
    """What a step needs of the `keras.Model` that trains; anything that has it will do.

    `observe(x, training)` gives the model's outputs, or `Observed` where terms read inner layers; `losses` are those
    that this call added.
    """

    optimizer: Any
    run_eagerly: Any

    @property
    def losses(self) -> list[Any]: ...
    @property
    def variables(self) -> list[Any]: ...
    @property
    def weights(self) -> list[Any]: ...
    @property
    def trainable_variables(self) -> list[Any]: ...
    @property
    def non_trainable_variables(self) -> list[Any]: ...
    @property
    def metrics_variables(self) -> list[Any]: ...
    def observe(self, x: Any, training: bool) -> Any: ...
    def get_metrics_result(self) -> dict[str, Any]: ...


class StepProgram(abc.ABC):
    """One training step and one evaluation batch of a model with an objective.

    A backend gives `linearize`, `on_one_batch`, `train_step` and `test_step`, with a `Pullback`; where the backend
    writes variables in place, `WritingProgram` has the last two already.

    Args:
        host: the `keras.Model` that trains, or what stands in for it.
        model: the user's model.
        objective: the terms and the balancer.
        names: the names of the outputs.
        guard: what happens when a step is not finite.
        tracker: the logs of the terms.
        metrics: the metrics by output; None without any.
        state: all state of training beside the model's own.
    """

    def __init__(
        self,
        host: Host,
        *,
        model: keras.Model,
        objective: Objective,
        names: Names,
        guard: Guard,
        tracker: TermTracker,
        metrics: OutputMetrics | None,
        state: TrainingState,
    ):
        self.host = host
        self.model = model
        self.objective = objective
        self.names = names
        self.guard = guard
        self.tracker = tracker
        self.metrics = metrics
        self.state = state
        self.batch_size: int | None = None  # known after the dry run
        self._plan: StepPlan | None = None
        self._paying: list[bool] | None = None
        # The trainable variables' identities: those that the optimizer was built for, and those of the last training.
        self._known: list[int] | None = None
        self._trained: list[int] = []

    # What a backend owes.

    @abc.abstractmethod
    def linearize(self, x: Any, y: Any, sample_weight: Any) -> Linearized:
        """The forward pass in training mode, which can be pulled back; nothing is written."""

    @abc.abstractmethod
    def on_one_batch(self, function: Callable[[Linearized], Any], x: Any, y: Any, sample_weight: Any) -> Any:
        """What a function of a linearised batch gives, with nothing changed, no generator either."""

    @abc.abstractmethod
    def train_step(self, *arguments: Any) -> Any:
        """One step on one batch, with the arguments and results that Keras's trainer of the backend expects."""

    @abc.abstractmethod
    def test_step(self, *arguments: Any) -> Any:
        """One evaluation batch, in the same way."""

    @classmethod
    def random_state(cls) -> dict[str, Any]:
        """Generators outside Keras that the backend draws from; none but on PyTorch."""
        return {}

    @classmethod  # noqa: B027 - most backends have none
    def restore_random_state(cls, state: dict[str, Any]) -> None:
        """Sets those generators."""

    @classmethod
    @contextlib.contextmanager
    def same_draws(cls) -> Iterator[None]:
        """Leaves all generators but Keras's as they were: a look at a batch must not change what later steps draw."""
        generator = cls.random_state()
        with same_draws(), contextlib.ExitStack() as afterwards:
            afterwards.callback(cls.restore_random_state, generator)
            yield

    def prepare(self) -> None:  # noqa: B027 - most backends have nothing to prepare
        """Called before Keras compiles a step."""

    def logs(self, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The logs that `compute` reads from the metrics' variables."""
        return self.counted(compute())

    # What every backend uses.

    @property
    def plan(self) -> StepPlan:
        """What is known of the model's structure; begun anew for other variables, and once a batch is known."""
        if self._plan is None or not self._plan.fits() or self._plan.batch_size != (self.batch_size or 1):
            self._plan = StepPlan(self.model, self.objective, self.batch_size or 1, self._paying)
        return self._plan

    @property
    def paying(self) -> Sequence[bool] | None:
        """Which layers are captured; None while unknown. A loaded trainer is told before its first step."""
        return self._paying if self._plan is None else self._plan.paying

    @paying.setter
    def paying(self, value: Sequence[bool]) -> None:
        self._paying = list(value)

    @property
    def some_frozen(self) -> bool:
        """Whether variables that the optimizer was built for are frozen by now."""
        return self._known is not None and len(self.model.trainable_variables) < len(self._known)

    def notice_frozen(self) -> bool:
        """Whether other variables are trained than when this was asked last: some are frozen, or not any more.

        Raises:
            ValueError: for variables that the optimizer was not built for.
        """
        trained = [id(variable) for variable in self.model.trainable_variables]
        if not self.model.built:
            return False
        if self._known is None:
            self._known = self._trained = trained
        if not set(trained) <= set(self._known) or (self.some_frozen and self._scales_loss()):
            paths = [v.path for v in self.model.trainable_variables if id(v) not in self._known]
            raise invalid(
                "The variables that are trained must be those that were trainable when the trainer was compiled",
                received=f"newly trainable: {', '.join(paths)}" if paths else "frozen layers under loss scaling",
                fix="Compile again after freezing or unfreezing layers.",
            )
        changed, self._trained = trained != self._trained, trained
        return changed

    def forward(self, x: Any, y: Any, sample_weight: Any, training: bool) -> Forward:
        """Calls the model and evaluates the terms."""
        return self.evaluate_terms(x, y, self.host.observe(x, training), sample_weight)

    def evaluate_terms(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Forward:
        """Evaluates the terms on given outputs."""
        batch = self.batch(x, y, y_pred, sample_weight)
        return Forward(y_pred, batch, self.objective.evaluate(batch, self.host.losses))

    def batch(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Batch:
        """The batch by name."""
        y_pred, features = y_pred if isinstance(y_pred, Observed) else (y_pred, {})
        outputs, targets, weights = self.names.of_batch(y, y_pred, sample_weight)
        masks = {name: mask for name, value in outputs.items() if (mask := keras_mask(value)) is not None}
        outputs = {name: _precise(value) for name, value in outputs.items()}
        features = {name: _precise(value) for name, value in features.items()}
        return Batch(x, targets, outputs, weights, self.model, self.state["step"].value, masks, features)

    def update_metrics(self, batch: Batch) -> None:
        """Updates the metrics by output with the masks of their terms."""
        if self.metrics is None:
            return
        descriptions = [getattr(term.description, "inner", term.description) for term in self.objective.terms]
        targets, masks = metric_masks(descriptions, batch)
        self.metrics.update_state(targets, batch.y_pred, batch.sample_weight, masks)

    def check(self, linear: Linearized, step: Step, nonfinite_terms: Callable[[Array], Array]) -> StepCheck:
        """Whether a step may be applied."""
        gradients = [gradient for gradient in step.gradients if gradient is not None]
        finite = partial(self.all_finite, gradients)
        faults = [value.fault for value in linear.forward.values]
        return self.guard.check(linear.losses, finite, nonfinite_terms, self._loss_scale(), faults)

    def _scales_loss(self) -> bool:
        return isinstance(self.host.optimizer, keras.optimizers.LossScaleOptimizer)

    def _loss_scale(self) -> Array | None:
        return self.host.optimizer.dynamic_scale.value if self._scales_loss() else None

    def all_finite(self, gradients: Sequence[Any]) -> Array:
        """Whether no gradient holds a NaN or an infinity; sums, in which both survive, read every entry just once."""
        sums = [_column_sums(gradient) for gradient in gradients]
        return ops.isfinite(ops.sum(ops.concatenate(sums))) if sums else ops.ones((), "bool")

    def track(self, forward: Forward, step: Step) -> None:
        """Advances the step counter, the logs and the metrics; inside a scope that can still be thrown away."""
        variable = self.state["step"]
        variable.assign(variable.value + 1)
        self.tracker.update_state(self.objective.record(forward.values, step.measured, step.weights, step.balance))
        self.update_metrics(forward.batch)

    def after_update(
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
            values = join(self.forward(x, y, sample_weight, training=True), self.objective.replicas)[1].values
            after = self.objective.balancing.after_update(stack([value.loss for value in values]), measured)
        return {f"balancer/{key}": value for key, value in after.items()}

    def seed_states(self) -> list[keras.Variable]:
        """The states of all seed generators, in a fixed order."""
        return seed_states(self.host.variables, self.host.weights)

    @property
    def leaves_steps_out(self) -> bool:
        """Whether training may go on after a step that was not applied."""
        return self.guard.mode == "skip" or self._scales_loss()

    def counted(self, logs: dict[str, Any]) -> dict[str, Any]:
        """The logs; NaN where no step was applied yet, and a metric of nothing would pass for 0."""
        if not self.leaves_steps_out:
            return logs
        nothing = ops.logical_not(self.tracker.has_counted())
        return {name: ops.where(nothing, np.float32(np.nan), value) for name, value in logs.items()}

    def evaluate(self, forward: Forward) -> None:
        """Updates the logs of one evaluation batch."""
        self.guard.note_faults([value.fault for value in forward.values])
        losses = [value.loss for value in forward.values]
        measured = self.objective.measure(forward.values, losses, training=False)
        self.tracker.update_state(self.objective.record(forward.values, measured, measured.weights, None))
        self.update_metrics(forward.batch)

    def evaluation_logs(self) -> dict[str, Any]:
        """The logs of an evaluation."""
        return self.tracker.evaluation_logs(self.host.get_metrics_result())


def _precise(value: Array) -> Array:
    """Losses are computed in float32 or better, whatever the compute dtype."""
    dtype = keras.backend.standardize_dtype(value.dtype)
    if dtype in ("float32", "float64") or "float" not in dtype:
        return value
    return with_mask(ops.cast(value, "float32"), keras_mask(value))


def _column_sums(gradient: Array) -> Array:
    """A vector with the sum of all entries, in float32; a product with ones reads a matrix faster than a reduction."""
    gradient = ops.cast(gradient, "float32")
    if len(gradient.shape) < 2:
        return ops.reshape(gradient, (-1,))
    matrix = ops.reshape(gradient, (-1, gradient.shape[-1]))
    return ops.matmul(ops.ones((1, ops.shape(matrix)[0]), "float32"), matrix)[0]

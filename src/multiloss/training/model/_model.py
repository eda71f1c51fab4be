"""`MultiLossModel`: a `keras.Model` that trains the user's model with terms and a balancer."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ..._core.balancer import Balancer
from ..._core.registry import PACKAGE
from ..._core.typing import Array
from .._keras_seams import clear_functions, install_trackers, look, peek, scope_of, untracked
from ..backends import backend_program, backend_replicas, check_processes
from ..logs import OutputMetrics, TermTracker, check_log_owners
from ..reading import (
    REGULARIZATION,
    BoundTerm,
    Names,
    Observed,
    Specified,
    TrainingState,
    apply_weights,
    feature_model,
    specify,
)
from ..step import Guard, Objective, check_mode, check_schedules
from ._arguments import keras_arguments
from ._bind import bind, check_plain, find_balancer, may_add_losses
from ._calibration import calibrate, check_calibrated
from ._checked import CheckedWhenLoaded
from ._dry_run import dry_run
from ._fit import prepare_fit
from ._keras_face import KerasFace
from ._looks import Looks
from ._named_data import NamedDataModel
from ._saving import SafelySaved
from ._seal import ATTRIBUTE, Seal, check_seal, mark_sealed
from ._serialization import deserialize_compile_config, load_own, save_own, serialize_compile_config


@keras.saving.register_keras_serializable(PACKAGE)
class MultiLossModel(SafelySaved, CheckedWhenLoaded, NamedDataModel, Looks, KerasFace):
    """Trains a Keras model with named terms and a balancer; shares the model's weights and does not change it.

    Args:
        model: a functional, Sequential or subclassed model with any structure of outputs.

    Attributes:
        model: the user's model.
        terms: the bound terms by name; `terms["a"].weight.assign(0.3)` works at any time.
        state: all state of training beside the model's own.
        program: the training step, made by `compile`.

    Raises:
        ValueError: for a model that overrides `train_step` or `compute_loss`, which this class would bypass.

    Example:
        >>> import keras, multiloss as ml
        >>> x = keras.Input((4,))
        >>> model = keras.Model(x, {"a": keras.layers.Dense(1)(x), "b": keras.layers.Dense(1)(x)})
        >>> trainer = ml.MultiLossModel(model)
        >>> trainer.compile("adam", loss={"a": "mse", "b": "mae"}, loss_weights={"b": 0.5})
        >>> trainer.terms["b"].weight.value
        0.5
    """

    def __init__(self, model: keras.Model, **kwargs: Any):
        check_plain(model, MultiLossModel)
        super().__init__(**{"dtype": model.dtype_policy, **kwargs})  # by it Keras decides whether the loss is scaled
        self.model = model
        self.state = TrainingState()
        untracked(self, program=None, _extended=None, _arguments={}, **{ATTRIBUTE: Seal()})

    def call(self, inputs: Any, inner: bool = False) -> Any:
        """The user's model; `inner=True` gives a dict with the inner layers that terms read as well."""
        return self._extended(inputs) if inner else self.model(inputs)

    def observe(self, x: Any, training: bool) -> Any:
        """The outputs, with those of the inner layers that terms read."""
        if self._extended is None:
            return self(x, training=training)
        return Observed(**self(x, inner=True, training=training))

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        *,
        loss_weights: Any = None,
        balancer: Balancer | str | None = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        on_nonfinite: str = "raise",
        jit_compile: bool | str = "auto",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        auto_scale_loss: bool = True,
    ) -> None:
        """Names the terms and makes all state; see `multiloss.compile`."""
        arguments = {key: value for key, value in locals().items() if key not in ("self", "optimizer", "__class__")}
        check_mode(on_nonfinite)
        resolved = find_balancer(balancer)
        names = Names(self.model)
        specified = specify(loss, names.outputs, names.listed)
        extended = feature_model(self.model, specified)
        if may_add_losses(self.model):
            specified[REGULARIZATION] = Specified(None)  # type: ignore[arg-type]
        apply_weights(specified, loss_weights, names.listed)
        names.read_by({name: term.description for name, term in specified.items()}, bool(weighted_metrics))
        check_schedules([schedule for term in specified.values() for schedule in term.schedules], list(specified))
        by_output = OutputMetrics(metrics, weighted_metrics, names.listed) if metrics or weighted_metrics else None
        checked = keras_arguments(self, optimizer, arguments)
        bound = bind(specified, self, self.state)
        objective = Objective(bound, resolved, self.state, balancer is not None, backend_replicas())
        tracker = TermTracker(objective.terms, objective.has_own_objective)
        check_log_owners(tracker, by_output, on_nonfinite == "skip")
        # Everything that can be wrong has been checked: from here on the model's own state changes.
        super().compile(**checked)
        guard = Guard(on_nonfinite, list(specified), self.state)
        noise = resolved.noise_shape(max(len(objective.balancing.rows), 1)) is not None
        weights = {"user_weights": [term.weight for term in specified.values()]}
        self.state.reset({**weights, **objective.initial_values(), **guard.initial_values()}, noise=noise)
        program = backend_program()(
            self,
            model=self.model,
            objective=objective,
            names=names,
            guard=guard,
            tracker=tracker,
            metrics=by_output,
            state=self.state,
        )
        arguments["balancer"] = None if balancer is None else resolved
        untracked(self, program=program, _extended=extended, _arguments=arguments)
        if self.model.built:
            self.optimizer.build(self.trainable_variables)
        program.notice_frozen()
        install_trackers(self, tracker, by_output)
        clear_functions(self)

    @property
    def terms(self) -> dict[str, BoundTerm]:
        """The bound terms by name, in order; none before `compile`."""
        return {} if self.program is None else {term.name: term for term in self.program.objective.terms}

    @property
    def balancer(self) -> Balancer:
        """The balancer."""
        return self.program.objective.balancing.balancer

    def train_step(self, *arguments: Any) -> Any:
        """One step on one batch; Keras's trainer of the backend says of what form."""
        return self.program.train_step(*arguments)

    def test_step(self, *arguments: Any) -> Any:
        """One evaluation batch."""
        return self.program.test_step(*arguments)

    def get_metrics_result(self) -> dict[str, Any]:
        """The logs so far, as Keras's method of the same name."""
        return self.program.logs(super().get_metrics_result)

    def make_train_function(self, force: bool = False) -> Any:
        """As Keras's."""
        if self.train_function is None or force:
            self.program.prepare()
        return super().make_train_function(force)

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """As `keras.Model.fit`; a step that is not finite ends training with an error that names the term."""
        self._check_ready("fit")
        with prepare_fit(self, super().fit, args, kwargs) as bound:
            return super().fit(*bound.args, **bound.kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.train_on_batch`, with the guard against non-finite steps."""
        self._check_ready("train_on_batch")
        result = super().train_on_batch(*args, **kwargs)
        if self.program.guard.mode == "raise":
            self.program.guard.raise_if_noted(self)
        return result

    def _check_ready(self, method: str) -> None:
        self._assert_compile_called(method)
        check_processes(self, lambda: [*self.variables, *self.optimizer.variables])
        check_calibrated(self)
        if self.program.notice_frozen():
            clear_functions(self)  # what was traced before trains the variables of then

    def calibrate(
        self, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int = 32, steps: int | None = None
    ) -> dict[str, float]:
        """Measures `scale="calibrated"`, and statistics of targets, in a pass over data that trains nothing.

        Args:
            x: whatever `evaluate` takes, arrays or a data set.
            y: targets, where `x` holds arrays.
            sample_weight: as in `fit`.
            batch_size: for arrays; the statistics are those of batch losses.
            steps: how many batches; None for all.

        Returns:
            The measured size by the term's name, in the loss's own units. It stays as it is.

        Raises:
            ValueError: when no term asks for a pass, or a term has too few labels or no finite loss in the data;
                nothing is changed then.
        """
        self._assert_compile_called("calibrate")
        return calibrate(self, x, y, sample_weight, batch_size, steps)

    @property
    def skipped_steps(self) -> int:
        """How many steps were left out because a loss or gradient was not finite (`on_nonfinite="skip"`)."""
        return self.program.guard.skipped_steps(self)

    def _symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """What Keras calls before training, evaluation and prediction: checks the terms on the first batch, once."""
        waits = self.program is not None and self.program.batch_size is None
        if data_batch is None and iterator is not None and waits:
            data_batch = peek(iterator)
        if data_batch is not None and waits:
            dry_run(self.program, *keras.utils.unpack_x_y_sample_weight(data_batch))
            super()._symbolic_build(data_batch=data_batch)
        else:
            super()._symbolic_build(iterator=iterator, data_batch=data_batch)

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """What trainers call that take no batch of the loop beforehand: TensorFlow's, and JAX's from Keras 3.16 on."""
        if iterator is not None and self.program is not None and self.program.batch_size is None:
            data_batch = look(iterator)
        with scope_of(self):
            self._symbolic_build(iterator=iterator, data_batch=data_batch)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the metrics and returns all results, as Keras's method of the same name."""
        self.program.update_metrics(self.program.batch(x, y, y_pred, sample_weight))
        return self.get_metrics_result()

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Array:
        """The user-weighted sum of the terms over their fixed scales: the yardstick `val_loss`."""
        if self._extended is not None and not isinstance(y_pred, Observed):
            y_pred = Observed(y_pred, self.observe(x, training).features)
        values = self.program.evaluate_terms(x, y, y_pred, sample_weight).values
        losses = [value.loss for value in values]
        factors = self.program.objective.measure(values, [*map(ops.stop_gradient, losses)], training=False).weights
        return sum((factors[index] * loss for index, loss in enumerate(losses)), ops.zeros((), "float32"))

    def get_config(self) -> dict[str, Any]:
        """The user's model, serialised."""
        return {"model": keras.saving.serialize_keras_object(self.model), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> MultiLossModel:
        """Makes the trainer from `get_config`."""
        model = keras.saving.deserialize_keras_object(config.pop("model"), custom_objects=custom_objects)
        trainer = cls(model, **config)
        trainer.built = model.built
        return trainer

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile`, serialised; refuses a lambda by its term's name."""
        return serialize_compile_config(self._arguments, self.optimizer) if self.compiled else {}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles from `get_compile_config`."""
        self.compile(**deserialize_compile_config(config))

    def save_own_variables(self, store: Any) -> None:
        """Saves the states of all seed generators, which Keras leaves out, and which layers are captured."""
        mark_sealed(store)
        save_own(self, store)

    def load_own_variables(self, store: Any) -> None:
        """Restores them, from a file that is as it was written."""
        check_seal(store)
        load_own(self, store)

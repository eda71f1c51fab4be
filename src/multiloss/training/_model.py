"""`MultiLossModel`: a `keras.Model` that trains the user's model with terms and a balancer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from .._core.balancer import Balancer
from .._core.errors import invalid
from .._core.registry import PACKAGE, resolve
from .._core.typing import Array
from ..terms import Batch
from . import _guard
from ._backends import backend_steps
from ._bound import BoundTerm, WeightHandle
from ._dry_run import DryRun
from ._explain import explanation
from ._features import Observed, feature_model
from ._keras_seams import clear_functions, install_trackers, output_spec, untracked
from ._labels import metric_masks
from ._loops import Loops
from ._metrics import OutputMetrics
from ._naming import by_name, declared_output_names, targets_by_name, weights_by_name
from ._objective import Objective
from ._probe import Probing
from ._progress import check_schedules
from ._serialization import deserialize_compile_config, load_seeds, save_seeds, serialize_compile_config
from ._specification import REGULARIZATION, Specified, apply_weights, specify
from ._state import TrainingState
from ._trackers import TermTracker


@keras.saving.register_keras_serializable(PACKAGE)
class MultiLossModel(Loops, DryRun, Probing, backend_steps(), keras.Model):  # type: ignore[misc]
    """Trains a Keras model with named terms and a balancer; shares the model's weights and does not change it.

    Args:
        model: a functional, Sequential or subclassed model with any structure of outputs.

    Attributes:
        model: the user's model.
        terms: the bound terms by name; `terms["a"].weight.assign(0.3)` works at any time.
        balancer: the balancer.

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
        super().__init__(**kwargs)
        if not isinstance(model, keras.Model) or isinstance(model, MultiLossModel):
            raise invalid("`model` must be a plain keras.Model", received=type(model).__name__)
        for method in ("train_step", "compute_loss"):
            if getattr(type(model), method) is not getattr(keras.Model, method):
                raise invalid(
                    f"`model` must leave the training step to multiloss, but {type(model).__name__} overrides "
                    f"`{method}`",
                    received=type(model).__name__,
                    fix="Write its losses as terms, for instance with ml.Joint(fn).",
                )
        self.model = model
        self.state = TrainingState()
        untracked(self, terms={}, objective=None, _reach=None, _sharing=None, _checked=False)
        untracked(self, _outputs=None, _extended=None, _examine_compiled=None, _logs_compiled=None)
        untracked(self, _batch_size=1)

    def call(self, inputs: Any, inner: bool = False) -> Any:
        """The user's model; `inner=True` gives a dict with the inner layers that terms read as well."""
        return self._extended(inputs) if inner else self.model(inputs)

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
        _guard.check_mode(on_nonfinite)
        resolved = resolve("balancer", "fixed" if balancer is None else balancer, Balancer)
        outputs = declared_output_names(self.model)
        specified = specify(loss, outputs)
        extended = feature_model(self.model, specified)
        if self._may_add_losses():
            specified[REGULARIZATION] = Specified(None)  # type: ignore[arg-type]
        apply_weights(specified, loss_weights, outputs)
        check_schedules([schedule for term in specified.values() for schedule in term.schedules], list(specified))
        output_metrics = OutputMetrics(metrics, weighted_metrics, outputs) if metrics or weighted_metrics else None
        # Everything that can be wrong has been checked: from here on the model's own state changes.
        super().compile(
            optimizer=optimizer,
            jit_compile=jit_compile,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=auto_scale_loss,
        )
        self._bind(specified, resolved, balances=balancer is not None)
        untracked(
            self,
            on_nonfinite=on_nonfinite,
            tracker=TermTracker(list(self.terms.values()), self.objective.has_own_objective),
            _outputs=outputs,
            _extended=extended,
            _reach=None,
            _sharing=None,
            _examine_compiled=None,
            _logs_compiled=None,
            _checked=False,
            _arguments={
                "loss": loss,
                "loss_weights": loss_weights,
                "balancer": None if balancer is None else resolved,
                "metrics": metrics,
                "weighted_metrics": weighted_metrics,
                "on_nonfinite": on_nonfinite,
                "jit_compile": jit_compile,
                "run_eagerly": run_eagerly,
                "steps_per_execution": steps_per_execution,
                "auto_scale_loss": auto_scale_loss,
            },
        )
        if self.model.built:
            self.optimizer.build(self.trainable_variables)
        install_trackers(self, self.tracker, output_metrics)
        clear_functions(self)

    def _bind(self, specified: Mapping[str, Specified], balancer: Balancer, balances: bool) -> None:
        terms = {}
        for index, (name, term) in enumerate(specified.items()):
            handle = WeightHandle(self, name, index, tuple(term.schedules))
            terms[name] = BoundTerm(name, term.description, index, handle)
        objective = Objective(list(terms.values()), balancer, self.state, balances)
        untracked(self, terms=terms, objective=objective)
        values = {
            "user_weights": [term.weight for term in specified.values()],
            **objective.initial_values(),
            **_guard.initial_values(len(terms)),
        }
        self.state.reset(values, noise=balancer.noise_shape(max(len(objective.balancing.rows), 1)) is not None)

    def _may_add_losses(self) -> bool:
        """Whether the model has regularisers or `add_loss` values, or is not built so that nobody can say."""
        if not self.model.built or not hasattr(self.model, "inputs") or self.model.inputs is None:
            return True
        found = []

        def call(inputs: Any) -> Any:
            with keras.StatelessScope(collect_losses=True):
                outputs = self.model(inputs, training=True)
                found.extend(self.model.losses)
            return outputs

        output_spec(call, self.model.input if hasattr(self.model, "output_names") else self.model.inputs[0])
        return bool(found)

    @property
    def balancer(self) -> Balancer:
        """The balancer."""
        return self.objective.balancing.balancer

    def by_name(self, y: Any, y_pred: Any, sample_weight: Any) -> tuple[dict, dict, dict]:
        """Outputs, targets and sample weights as dicts by name."""
        outputs = by_name(y_pred, self._flat_names())
        names = list(outputs)
        targets = targets_by_name(y, names)
        return outputs, targets, weights_by_name(sample_weight, names, targets)

    def _flat_names(self) -> list[str] | None:
        if isinstance(self.model, keras.Sequential):
            return [self.model.layers[-1].name]
        return list(self.model.output_names) if hasattr(self.model, "output_names") else None

    def update_metrics(self, batch: Batch) -> None:
        """Updates the metrics by output with the masks of their terms."""
        if self._compile_metrics is None:
            return
        descriptions = [getattr(term.description, "inner", term.description) for term in self.terms.values()]
        targets, masks = metric_masks(descriptions, batch)
        self._compile_metrics.update_state(targets, batch.y_pred, batch.sample_weight, masks)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the metrics and returns all results, as Keras's method of the same name."""
        self.update_metrics(self.batch(x, y, y_pred, sample_weight))
        return self.get_metrics_result()

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Array:
        """The user-weighted sum of the terms over their fixed scales: the yardstick `val_loss`."""
        if self._extended is not None and not isinstance(y_pred, Observed):
            y_pred = Observed(y_pred, self.observe(x, training).features)
        values = self.evaluate_terms(x, y, y_pred, sample_weight).values
        losses = [value.loss for value in values]
        measured = self.objective.measure(values, [ops.stop_gradient(loss) for loss in losses], training=False)
        factors = measured.user / measured.divisors
        return sum((factors[index] * loss for index, loss in enumerate(losses)), ops.zeros((), "float32"))

    def explain(self) -> str:
        """A table: every term, what it reads, its reduction, scale and weight, and whether it is balanced."""
        return explanation(self)

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
        return serialize_compile_config(self) if self.compiled else {}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles from `get_compile_config`."""
        self.compile(**deserialize_compile_config(config))

    def save_own_variables(self, store: Any) -> None:
        """Saves the states of all seed generators, which Keras leaves out."""
        save_seeds(self, store)

    def load_own_variables(self, store: Any) -> None:
        """Restores the states of all seed generators."""
        load_seeds(self, store)

"""The training step on JAX: state goes in and out as arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import keras

from ...terms import TermValue
from .._forward import CommonSteps, Forward, Linearized
from .._gradients import differentiate
from .._keras_seams import sync_state, untracked
from .._taps import Recording
from .jax_pullback import VjpPullback
from .jax_rows import rows_of


class BackendSteps(CommonSteps):
    """`train_step` and `test_step` for JAX, with Keras's stateless signature."""

    def train_step(self, state: tuple, data: Any) -> tuple[dict[str, Any], tuple]:
        """One step: the new state is chosen only where the step is known to be finite."""
        trainable, non_trainable, optimizer, metrics = state
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        linear = self.linearize(x, y, sample_weight, state)
        scope, forward, losses, pull = linear.scope, linear.forward, linear.losses, linear.pull
        self.plan(linear, pull.reach_around)
        before_step = [(variable, scope.get_current_value(variable)) for kind in self._carried() for variable in kind]
        with scope:
            step = differentiate(
                self.objective,
                forward.values,
                losses,
                pull,
                self._sharing,
                len(trainable),
                self.optimizer.scale_loss,
            )

            def find_guilty(wanted: jax.Array) -> jax.Array:
                none = jax.numpy.zeros(len(losses), "int32")
                blame = partial(self._blame, state, x, y, forward.y_pred, sample_weight)
                return _choose(wanted, blame, lambda: none, none)

            verdict = self.verdict(losses, step.gradients, find_guilty)
            self.track(forward, step)
            new_non_trainable = [scope.get_current_value(variable) for variable in self.non_trainable_variables]
            new_metrics = [scope.get_current_value(variable) for variable in self.metrics_variables]

        def commit() -> tuple:
            old = (non_trainable, metrics)
            moved = _choose(verdict.moves, lambda: (new_non_trainable, new_metrics), lambda: old, old)
            stepped, slots = self.optimizer.stateless_apply(optimizer, step.gradients, trainable)
            return (*moved, stepped, slots)

        def refuse() -> tuple:
            if verdict.note is None:
                return non_trainable, metrics, trainable, optimizer
            with keras.StatelessScope(before_step):
                noted = verdict.note()
            return self._replaced(non_trainable, noted), metrics, trainable, optimizer

        before = non_trainable
        like = (non_trainable, metrics, trainable, optimizer)
        non_trainable, metrics, trainable, optimizer = _choose(verdict.applies, commit, refuse, like)
        if self.objective.balancing.reads_after_update:

            def after_update() -> list[Any]:
                pairs = self._pairs(trainable=trainable, metrics=metrics, non_trainable=before)
                states = [(v, value) for v, value in self._pairs(non_trainable=non_trainable) if id(v) in of_balancer]
                after = self.second_look(x, y, sample_weight, step.measured, pairs + states)
                return self._replaced(non_trainable, after)

            of_balancer = {id(self.state[key]) for key in self.state.keys if key.startswith("balancer/")}
            non_trainable = _choose(verdict.applies, after_update, lambda: non_trainable, non_trainable)
        return self._logs(metrics), (trainable, non_trainable, optimizer, metrics)

    def linearize(self, x: Any, y: Any, sample_weight: Any, state: tuple) -> Linearized:
        """The forward pass in training mode; nothing is written.

        Args:
            x: inputs.
            y: targets.
            sample_weight: sample weights.
            state: values of the trainable, non-trainable, optimizer and metrics variables.
        """
        trainable, non_trainable, optimizer, metrics = state
        fixed = self._pairs(non_trainable=non_trainable, metrics=metrics)

        def run(values: list[jax.Array], recording: Recording) -> tuple[tuple, tuple]:
            scope = keras.StatelessScope(self._pairs(trainable=values) + fixed, collect_losses=True)
            with scope, recording.running():
                forward = self.run_forward(x, y, sample_weight, training=True)
                losses = tuple(value.loss for value in forward.values)
            after = [scope.get_current_value(variable) for variable in self.non_trainable_variables]
            return losses, (forward.y_pred, [_arrays(value) for value in forward.values], after)

        pull = VjpPullback(run, trainable, self.taps())
        y_pred, arrays, after = pull.auxiliary
        kinds = zip(self._carried(), (trainable, after, optimizer, metrics), strict=True)
        scope = keras.StatelessScope([pair for kind in kinds for pair in zip(*kind, strict=True)])
        with scope:
            batch = self.batch(x, y, y_pred, sample_weight)
        forward = Forward(y_pred, batch, [TermValue(**entry) for entry in arrays])
        return Linearized(forward, pull.losses, pull, scope, dict(scope.state_mapping))

    def on_one_batch(self, function: Callable[[Linearized], Any], x: Any, y: Any, sample_weight: Any) -> Any:
        """What a function of a linearised batch gives, compiled once unless the trainer runs eagerly."""

        def examine(state: tuple, data: tuple) -> Any:
            x, y, sample_weight = data
            return function(self.linearize(x, y, sample_weight, state))

        if self._examine_compiled is None:
            untracked(self, _examine_compiled=examine if self.run_eagerly else jax.jit(examine))
        sync_state(self)
        state = tuple([variable.value for variable in variables] for variables in self._carried())
        return self._examine_compiled(state, (x, y, sample_weight))

    def test_step(self, state: tuple, data: Any) -> tuple[dict[str, Any], tuple]:
        """One evaluation batch."""
        trainable, non_trainable, metrics = state
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        pairs = self._pairs(trainable=trainable, non_trainable=non_trainable, metrics=metrics)
        with keras.StatelessScope(pairs, collect_losses=True) as scope:
            self.evaluate_step(self.run_forward(x, y, sample_weight, training=False))
            logs = self.test_logs()
        non_trainable = [scope.get_current_value(variable) for variable in self.non_trainable_variables]
        metrics = [scope.get_current_value(variable) for variable in self.metrics_variables]
        return logs, (trainable, non_trainable, metrics)

    def _carried(self) -> list[list[keras.Variable]]:
        """The variables of a step's state, kind by kind."""
        return [
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        ]

    def _blame(self, state: tuple, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> jax.Array:
        """The terms whose gradient at the outputs, or at the weights that they read, is not finite.

        Only the terms are differentiated anew, each alone: a zero seed would let the others' NaN through, as 0 * NaN.
        """
        trainable, non_trainable, _, metrics = state
        fixed = self._pairs(non_trainable=non_trainable, metrics=metrics)
        terms = [(term, term.description) for term in self.objective.terms if term.description is not None]
        flat, structure = jax.tree.flatten(y_pred)
        places = [place for place, leaf in enumerate(flat) if jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating)]

        def losses_of(values: Any, outputs: Sequence[Any]) -> tuple[jax.Array, ...]:
            filled = [outputs[places.index(place)] if place in places else leaf for place, leaf in enumerate(flat)]
            with keras.StatelessScope(self._pairs(trainable=values) + fixed):
                batch = self.batch(x, y, jax.tree.unflatten(structure, filled), sample_weight)
                return tuple(description.evaluate(term.name, batch).loss for term, description in terms)

        losses, backward = jax.vjp(losses_of, trainable, [flat[place] for place in places])

        def pull(*seeds: Any) -> list[Any]:
            cast = tuple(jax.numpy.asarray(seed, loss.dtype) for seed, loss in zip(seeds, losses, strict=True))
            return jax.tree.leaves(backward(cast))

        finite = [jax.numpy.asarray(True)] * len(self.objective.terms)
        for found in rows_of(pull, len(terms)):
            for row, gradient in (found.each() if found is not None else {}).items():
                finite[terms[row][0].index] &= jax.numpy.isfinite(gradient).all()
        return (~jax.numpy.stack(finite)).astype("int32")

    def _pairs(self, **values: Sequence[Any]) -> list[tuple[keras.Variable, Any]]:
        return [
            pair
            for kind, arrays in values.items()
            for pair in zip(getattr(self, f"{kind}_variables"), arrays, strict=True)
        ]

    def _replaced(self, non_trainable: Sequence[Any], state: dict[str, Any]) -> list[Any]:
        """The values of the non-trainable variables, those of some keys of the training state replaced."""
        values = {id(self.state[key]): value for key, value in state.items()}
        pairs = zip(self.non_trainable_variables, non_trainable, strict=True)
        return [values.get(id(variable), value) for variable, value in pairs]

    def get_metrics_result(self) -> dict[str, Any]:
        """As Keras's; outside of a step it runs as one program, where each operation would be compiled alone."""
        values = [variable.value for variable in self.metrics_variables]
        if self.run_eagerly or any(isinstance(value, jax.core.Tracer) for value in values):
            return super().get_metrics_result()
        if self._logs_compiled is None:
            untracked(self, _logs_compiled=jax.jit(self._logs))
        return self._logs_compiled(values)

    def _logs(self, metrics: Sequence[Any]) -> dict[str, Any]:
        with keras.StatelessScope(self._pairs(metrics=metrics)):
            return self.get_metrics_result()


def _arrays(value: TermValue) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _choose(condition: Any, new: Callable[[], Any], old: Callable[[], Any], like: Any) -> Any:
    """One of two structures, in the dtypes of `like`; only the chosen side is computed."""
    if isinstance(condition, bool) or not isinstance(condition, jax.core.Tracer):
        return new() if bool(condition) else old()
    sides = [lambda side=side: jax.tree.map(_like, side(), like) for side in (new, old)]
    return jax.lax.cond(condition, *sides)


def _like(new: Any, old: Any) -> Any:
    return jax.numpy.asarray(new, old.dtype)

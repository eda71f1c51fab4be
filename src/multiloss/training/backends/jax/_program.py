"""The training step on JAX: state goes in and out as arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import keras
import numpy as np

from ....terms import TermValue
from ..._keras_seams import sync_state
from ...rows import Activations
from ...step import Forward, Linearized, StepProgram, differentiate
from ._entries import entries
from ._processes import are_joined, joined, on_every_process
from ._pullback import VjpPullback
from ._rows import rows_of


class Program(StepProgram):
    """See `StepProgram`; `train_step` and `test_step` have Keras's stateless signature."""

    _examine_compiled: Any = None
    _logs_compiled: Any = None

    def train_step(self, state: tuple, data: Any) -> tuple[dict[str, Any], tuple]:
        """One step: the new state is chosen only where the step is known to be finite."""
        trainable, non_trainable, optimizer, metrics = state
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        linear, plan = self.linearize(x, y, sample_weight, state), self.plan
        plan.complete(linear)
        scope = linear.scope
        before_step = [(variable, scope.get_current_value(variable)) for kind in self._carried() for variable in kind]
        with scope:
            scale_loss = self.host.optimizer.scale_loss
            step = differentiate(self.objective, linear, plan.sharing, len(trainable), scale_loss, entries)

            def nonfinite_terms(wanted: jax.Array) -> jax.Array:
                none = jax.numpy.zeros(len(linear.losses), "int32")
                find = partial(self._nonfinite_terms, state, x, y, linear.forward, sample_weight)
                if not isinstance(wanted, jax.core.Tracer):
                    return find() if bool(wanted) else none
                return jax.lax.cond(wanted, find, lambda: none)

            check = self.check(linear, step, nonfinite_terms)
            self.track(linear.forward, step)
            new_non_trainable = [scope.get_current_value(variable) for variable in self.host.non_trainable_variables]
            new_metrics = [scope.get_current_value(variable) for variable in self.host.metrics_variables]

        refused = non_trainable
        if check.refused is not None:
            with keras.StatelessScope(before_step):
                refused = self._replaced(non_trainable, check.refused())
        before = non_trainable
        # The many small arrays are chosen by a conditional. The large ones, which it would copy, are chosen entry by
        # entry, in the loops that update them; by a flag from the conditional, as XLA would repeat in each loop how the
        # first one was found.
        moved = _choose(check.moves, (new_non_trainable, new_metrics), (non_trainable, metrics))
        new, old = (moved, np.True_), ((refused, metrics), np.False_)
        (non_trainable, metrics), applies = _choose(check.applies, new, old)
        updated = self._updated(optimizer, step.gradients, trainable)
        trainable, optimizer = _select(applies, updated, (trainable, optimizer))
        if self.objective.balancing.reads_after_update:
            of_balancer = {id(self.state[key]) for key in self.state.keys if key.startswith("balancer/")}
            pairs = self._pairs(trainable=trainable, metrics=metrics, non_trainable=before)
            states = [(v, value) for v, value in self._pairs(non_trainable=non_trainable) if id(v) in of_balancer]
            after = self.after_update(x, y, sample_weight, step.measured, pairs + states)
            non_trainable = _choose(check.applies, self._replaced(non_trainable, after), non_trainable)
        return self._logs(metrics), (trainable, non_trainable, optimizer, metrics)

    def linearize(self, x: Any, y: Any, sample_weight: Any, state: tuple | None = None) -> Linearized:
        """See `StepProgram`.

        Args:
            x: inputs.
            y: targets.
            sample_weight: sample weights.
            state: values of the trainable, non-trainable, optimizer and metrics variables; None for those they have.
        """
        trainable, non_trainable, optimizer, metrics = self._current() if state is None else state
        fixed = self._pairs(non_trainable=non_trainable, metrics=metrics)

        def run(values: list[jax.Array], activations: Activations) -> tuple[tuple, tuple]:
            scope = keras.StatelessScope(self._pairs(trainable=values) + fixed, collect_losses=True)
            with scope, activations.capturing():
                forward = self.forward(x, y, sample_weight, training=True)
                losses = tuple(value.loss for value in forward.values)
            after = [scope.get_current_value(variable) for variable in self.host.non_trainable_variables]
            return losses, (forward.y_pred, forward.batch.masks, [_arrays(value) for value in forward.values], after)

        pull = VjpPullback(run, trainable, self.plan.captured())
        y_pred, masks, arrays, after = pull.auxiliary
        kinds = zip(self._carried(), (trainable, after, optimizer, metrics), strict=True)
        scope = keras.StatelessScope([pair for kind in kinds for pair in zip(*kind, strict=True)])
        with scope:
            # What a transformation returns are new arrays, without the masks that Keras hung on the outputs.
            batch = dataclasses.replace(self.batch(x, y, y_pred, sample_weight), masks=masks)
        forward = Forward(y_pred, batch, [TermValue(**entry) for entry in arrays])
        return Linearized(forward, pull.losses, pull, scope, pull.connected_around)

    def on_one_batch(self, function: Callable[[Linearized], Any], x: Any, y: Any, sample_weight: Any) -> Any:
        """See `StepProgram`; compiled once for each function, unless the host runs eagerly.

        Several processes each give their part of the batch, and get the same of the whole.
        """

        def examine(state: tuple, data: tuple) -> Any:
            x, y, sample_weight = data
            return function(self.linearize(x, y, sample_weight, state))

        if together := are_joined():
            x, y, sample_weight = joined((x, y, sample_weight))
        known = self._examine_compiled
        trained = [id(variable) for variable in self.model.trainable_variables]
        if known is None or known[:2] != (function, trained):
            compiled = jax.jit(examine, out_shardings=on_every_process() if together else None)
            known = (function, trained, examine if self.host.run_eagerly and not together else compiled)
            self._examine_compiled = known
        sync_state(self.host)
        with self.same_draws():
            return known[2](self._current(), (x, y, sample_weight))

    def test_step(self, state: tuple, data: Any) -> tuple[dict[str, Any], tuple]:
        """One evaluation batch."""
        trainable, non_trainable, metrics = state
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        pairs = self._pairs(trainable=trainable, non_trainable=non_trainable, metrics=metrics)
        with keras.StatelessScope(pairs, collect_losses=True) as scope:
            self.evaluate(self.forward(x, y, sample_weight, training=False))
            logs = self.evaluation_logs()
        non_trainable = [scope.get_current_value(variable) for variable in self.host.non_trainable_variables]
        metrics = [scope.get_current_value(variable) for variable in self.host.metrics_variables]
        return logs, (trainable, non_trainable, metrics)

    def logs(self, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Outside of a step the logs are one program, where each operation would be compiled alone."""
        values = [variable.value for variable in self.host.metrics_variables]
        if self.host.run_eagerly or any(isinstance(value, jax.core.Tracer) for value in values):
            return self.counted(compute())
        if self._logs_compiled is None:
            self._logs_compiled = jax.jit(self._logs)
        return self._logs_compiled(values)

    def _logs(self, metrics: Sequence[Any]) -> dict[str, Any]:
        with keras.StatelessScope(self._pairs(metrics=metrics)):
            return self.host.get_metrics_result()

    def _updated(self, slots: list[Any], gradients: list[Any], trainable: list[Any]) -> tuple[list, list]:
        """The values of the trainable variables and the optimizer's after its step."""
        optimizer, variables = self.host.optimizer, self.host.trainable_variables
        if not self.some_frozen:
            return optimizer.stateless_apply(slots, gradients, trainable)
        # Keras's stateless form wants every variable that the optimizer was built for.
        pairs = [*zip(variables, trainable, strict=True), *zip(optimizer.variables, slots, strict=True)]
        with keras.StatelessScope(pairs) as scope:
            optimizer.apply(gradients, variables)
        after, slots = ([scope.get_current_value(v) for v in kind] for kind in (variables, optimizer.variables))
        return after, slots

    def _carried(self) -> list[list[keras.Variable]]:
        """The variables of a step's state, kind by kind."""
        host = self.host
        return [
            host.trainable_variables,
            host.non_trainable_variables,
            host.optimizer.variables,
            host.metrics_variables,
        ]

    def _current(self) -> tuple:
        return tuple([variable.value for variable in variables] for variables in self._carried())

    def _nonfinite_terms(self, state: tuple, x: Any, y: Any, forward: Forward, sample_weight: Any) -> jax.Array:
        """The terms whose gradient at the outputs, or at the weights that they read, is not finite.

        Only the terms are differentiated anew, each alone: a zero cotangent would let the others' NaN through, as
        0 * NaN.
        """
        trainable, non_trainable, _, metrics = state
        fixed = self._pairs(non_trainable=non_trainable, metrics=metrics)
        terms = [(term, term.description) for term in self.objective.terms if term.description is not None]
        flat, structure = jax.tree.flatten(forward.y_pred)
        places = [place for place, leaf in enumerate(flat) if jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating)]

        def losses_of(values: Any, outputs: Sequence[Any]) -> tuple[jax.Array, ...]:
            filled = [outputs[places.index(place)] if place in places else leaf for place, leaf in enumerate(flat)]
            with keras.StatelessScope(self._pairs(trainable=values) + fixed):
                batch = self.batch(x, y, jax.tree.unflatten(structure, filled), sample_weight)
                batch = dataclasses.replace(batch, masks=forward.batch.masks)
                return tuple(description.evaluate(term.name, batch).loss for term, description in terms)

        losses, backward = jax.vjp(losses_of, trainable, [flat[place] for place in places])

        def pull(*cotangents: Any) -> list[Any]:
            cast = tuple(jax.numpy.asarray(c, loss.dtype) for c, loss in zip(cotangents, losses, strict=True))
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
            for pair in zip(getattr(self.host, f"{kind}_variables"), arrays, strict=True)
        ]

    def _replaced(self, non_trainable: Sequence[Any], state: dict[str, Any]) -> list[Any]:
        """The values of the non-trainable variables, those of some keys of the training state replaced."""
        values = {id(self.state[key]): value for key, value in state.items()}
        pairs = zip(self.host.non_trainable_variables, non_trainable, strict=True)
        return [values.get(id(variable), value) for variable, value in pairs]


def _arrays(value: TermValue) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _choose(condition: Any, new: Any, old: Any) -> Any:
    """One of two structures, in the dtypes of the old one."""
    if not isinstance(condition, jax.core.Tracer):
        return new if bool(condition) else old
    new = jax.tree.map(lambda new, old: jax.numpy.asarray(new, old.dtype), new, old)
    return jax.lax.cond(condition, lambda: new, lambda: old)


def _select(condition: Any, new: Any, old: Any) -> Any:
    """One of two structures, entry by entry, in the dtypes of the old one."""
    if not isinstance(condition, jax.core.Tracer):
        return new if bool(condition) else old
    return jax.tree.map(lambda new, old: jax.numpy.where(condition, jax.numpy.asarray(new, old.dtype), old), new, old)

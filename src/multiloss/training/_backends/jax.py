"""The training step on JAX: one `jax.vjp`, pulled once for each seed; state goes in and out as arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import keras

from ...terms import Description, TermValue
from .._forward import CommonSteps, Forward
from .._gradients import differentiate
from .jax_reach import structural_reach


class BackendSteps(CommonSteps):
    """`train_step` and `test_step` for JAX, with Keras's stateless signature."""

    def train_step(self, state: tuple, data: Any) -> tuple[dict[str, Any], tuple]:
        """One step: the new state is chosen only where the step is known to be finite."""
        trainable, non_trainable, optimizer, metrics = state
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        fixed = self._pairs(non_trainable=non_trainable, metrics=metrics)

        def run(values: list[jax.Array]) -> tuple[tuple, tuple]:
            with keras.StatelessScope(self._pairs(trainable=values) + fixed, collect_losses=True) as scope:
                forward = self.run_forward(x, y, sample_weight, training=True)
                losses = tuple(value.loss for value in forward.values)
            after = [scope.get_current_value(variable) for variable in self.non_trainable_variables]
            return losses, (forward.y_pred, [_arrays(value) for value in forward.values], after)

        losses, backward, (y_pred, arrays, after) = jax.vjp(run, trainable, has_aux=True)

        def pull(seeds: Sequence[Any], variables: Sequence[int], *, dense: bool = False) -> list[Any]:
            filled = [0.0 if seed is None else seed for seed in seeds]
            cast = tuple(jax.numpy.asarray(seed, loss.dtype) for seed, loss in zip(filled, losses, strict=True))
            gradients = backward(cast)[0]
            return [gradients[index] for index in variables]

        def reach() -> list[set[int]]:
            return structural_reach(run, trainable)

        self.report_unreached(reach)
        everything = self._pairs(trainable=trainable, non_trainable=after, metrics=metrics) + list(
            zip(self.optimizer.variables, optimizer, strict=True)
        )
        with keras.StatelessScope(everything) as scope:
            batch = self.batch(x, y, y_pred, sample_weight)
            forward = Forward(y_pred, batch, [TermValue(**entry) for entry in arrays])
            step = differentiate(
                self.objective,
                forward.values,
                losses,
                pull,
                lambda: self.sharing(reach),
                len(trainable),
                self.optimizer.scale_loss,
            )

            def find_guilty(wanted: jax.Array) -> jax.Array:
                none = jax.numpy.zeros(len(losses), "int32")
                blame = partial(self._blame, trainable, fixed, x, y, y_pred, sample_weight)
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
            with keras.StatelessScope(everything):
                noted = verdict.note()
            return self._replaced(non_trainable, noted), metrics, trainable, optimizer

        before = non_trainable
        like = (non_trainable, metrics, trainable, optimizer)
        non_trainable, metrics, trainable, optimizer = _choose(verdict.applies, commit, refuse, like)
        if self.objective.balancing.looks_again:

            def look_again() -> list[Any]:
                pairs = self._pairs(trainable=trainable, metrics=metrics, non_trainable=before)
                states = [(v, value) for v, value in self._pairs(non_trainable=non_trainable) if id(v) in of_balancer]
                after = self.second_look(x, y, sample_weight, step.measured, pairs + states)
                return self._replaced(non_trainable, after)

            of_balancer = {id(self.state[key]) for key in self.state.keys if key.startswith("balancer/")}
            non_trainable = _choose(verdict.applies, look_again, lambda: non_trainable, non_trainable)
        return self._logs(metrics), (trainable, non_trainable, optimizer, metrics)

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

    def _blame(self, trainable: Any, fixed: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> jax.Array:
        """The terms whose gradient at the outputs, or at the weights that they read, is not finite.

        Only the terms are differentiated anew, each alone: a zero seed would let the others' NaN through, as 0 * NaN.
        """

        def loss_of(description: Description, values: Any, outputs: Any) -> jax.Array:
            with keras.StatelessScope(self._pairs(trainable=values) + fixed):
                batch = self.batch(x, y, outputs, sample_weight)
                return description.evaluate("", batch).loss

        guilty = []
        for term in self.objective.terms:
            finite = jax.numpy.asarray(True)
            if term.description is not None:
                slope = jax.grad(partial(loss_of, term.description), argnums=(0, 1), allow_int=True)
                gradients = slope(trainable, y_pred)
                leaves = [leaf for leaf in jax.tree.leaves(gradients) if leaf.dtype != jax.dtypes.float0]
                finite = jax.numpy.stack([jax.numpy.isfinite(leaf).all() for leaf in leaves]).all()
            guilty.append(~finite)
        return jax.numpy.stack(guilty).astype("int32")

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

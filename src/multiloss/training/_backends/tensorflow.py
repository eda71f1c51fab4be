"""The training step on TensorFlow: one persistent tape, pulled once for each seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from .._forward import CommonSteps
from .._gradients import differentiate, reached, single_seed


class BackendSteps(CommonSteps):
    """`train_step` and `test_step` for TensorFlow, eager or in a graph, with or without XLA."""

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step: nothing is written until the step is known to be finite."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        trainables = self.model.trainable_variables
        sources = [variable.value for variable in trainables]
        with tf.GradientTape(persistent=True) as tape:
            before = self.regularized_values()
            scope = keras.StatelessScope(before, collect_losses=True)
            mapped = dict(scope.state_mapping)
            with scope:
                forward = self.run_forward(x, y, sample_weight, training=True)
            losses = [value.loss for value in forward.values]

        def pull(seeds: Sequence[Any], variables: Sequence[int], *, dense: bool = False) -> list[Any]:
            chosen = [sources[index] for index in variables]
            pulled = [
                (loss, tf.cast(seed, loss.dtype)) for loss, seed in zip(losses, seeds, strict=True) if seed is not None
            ]
            gradients = tape.gradient(
                [loss for loss, _ in pulled], chosen, output_gradients=[seed for _, seed in pulled]
            )
            return [tf.convert_to_tensor(g) if dense and g is not None else g for g in gradients]

        def reach() -> list[set[int]]:
            return [{index for index, g in enumerate(tape.gradient(loss, sources)) if g is not None} for loss in losses]

        def blame() -> tf.Tensor:
            guilty = []
            for index in range(len(losses)):
                gradients = pull(single_seed(index, len(losses), 1.0), range(len(sources)))
                finite = [tf.reduce_all(tf.math.is_finite(_values(g))) for g in gradients if g is not None]
                guilty.append(tf.cast(~tf.reduce_all(finite), tf.int32))
            return tf.stack(guilty)

        def find_guilty(wanted: tf.Tensor) -> tf.Tensor:
            return tf.cond(wanted, blame, lambda: tf.zeros(len(losses), tf.int32))

        self.report_unreached(reach)
        seeds_of_step = self.seeds_of_step()
        with scope:
            step = differentiate(
                self.objective,
                forward.values,
                losses,
                pull,
                lambda: self.sharing(reach),
                len(trainables),
                self.optimizer.scale_loss,
            )
            verdict = self.verdict(losses, [_values(g) for g in step.gradients if g is not None], find_guilty)
            self.track(forward, step)

        updates = [
            (variable, value)
            for variable in self.variables + self.metrics_variables
            if (value := scope.get_current_value(variable)) is not None and value is not mapped.get(id(variable))
        ]

        def commit() -> None:
            _when(verdict.moves, lambda: [variable.assign(value) for variable, value in updates])
            self.optimizer.apply(*reached(step.gradients, trainables))
            if self.objective.balancing.looks_again:
                pairs = [*self.regularized_values(), *seeds_of_step]
                self.state.write("", self.second_look(x, y, sample_weight, step.measured, pairs))

        def refuse() -> None:
            if verdict.note is not None:
                self.state.write("", verdict.note())

        _when(verdict.applies, commit, refuse)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """One evaluation batch."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        self.evaluate_step(self.run_forward(x, y, sample_weight, training=False))
        return self.test_logs()


def _values(gradient: Any) -> tf.Tensor:
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def _when(condition: Any, action: Callable[[], Any], otherwise: Callable[[], Any] | None = None) -> None:
    """Runs one of two actions with side effects, eagerly or in a graph; one conditional costs less than several."""
    if isinstance(condition, bool):
        if chosen := action if condition else otherwise:
            chosen()
        return

    def branch(chosen: Callable[[], Any] | None) -> Callable[[], tf.Tensor]:
        def run() -> tf.Tensor:
            if chosen is not None:
                chosen()
            return tf.constant(True)

        return run

    tf.cond(condition, branch(action), branch(otherwise))

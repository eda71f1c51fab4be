"""The training step on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from .._forward import CommonSteps, Linearized
from .._gradients import differentiate, reached
from .._taps import Recording, Tap, cut
from .tensorflow_pullback import TapePullback, values_of


class BackendSteps(CommonSteps):
    """`train_step` and `test_step` for TensorFlow, eager or in a graph, with or without XLA."""

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step: nothing is written until the step is known to be finite."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        trainables = self.model.trainable_variables
        linear = self.linearize(x, y, sample_weight)
        scope, forward, losses, pull = linear.scope, linear.forward, linear.losses, linear.pull

        def find_guilty(wanted: tf.Tensor) -> tf.Tensor:
            return tf.cond(wanted, pull.blame, lambda: tf.zeros(len(losses), tf.int32))

        self.plan(linear, lambda taps: self.linearize(x, y, sample_weight, around=taps).pull.reach())
        seeds_of_step = self.seeds_of_step()
        with scope:
            step = differentiate(
                self.objective,
                forward.values,
                losses,
                pull,
                self._sharing,
                len(trainables),
                self.optimizer.scale_loss,
            )
            verdict = self.verdict(losses, [values_of(g) for g in step.gradients if g is not None], find_guilty)
            self.track(forward, step)

        updates = linear.updates(self.variables + self.metrics_variables)

        def commit() -> None:
            _when(verdict.moves, lambda: [variable.assign(value) for variable, value in updates])
            self.optimizer.apply(*reached(step.gradients, trainables))
            if self.objective.balancing.reads_after_update:
                pairs = [*self.regularized_values(), *seeds_of_step]
                self.state.write("", self.second_look(x, y, sample_weight, step.measured, pairs))

        def refuse() -> None:
            if verdict.note is not None:
                self.state.write("", verdict.note())

        _when(verdict.applies, commit, refuse)
        return self.get_metrics_result()

    def linearize(self, x: Any, y: Any, sample_weight: Any, around: Sequence[Tap] = ()) -> Linearized:
        """The forward pass in training mode; nothing is written.

        Args:
            x: inputs.
            y: targets.
            sample_weight: sample weights.
            around: layers through which no gradient shall reach their variables.
        """
        recording = Recording(() if around else self.taps())
        sources = [variable.value for variable in self.model.trainable_variables]
        with tf.GradientTape(persistent=True) as tape:
            scope = keras.StatelessScope(self.regularized_values(), collect_losses=True)
            mapped = dict(scope.state_mapping)
            with scope, recording.running(), cut(around):
                forward = self.run_forward(x, y, sample_weight, training=True)
            losses = [value.loss for value in forward.values]
        return Linearized(forward, losses, TapePullback(tape, losses, sources, recording), scope, mapped)

    def on_one_batch(self, function: Callable[[Linearized], Any], x: Any, y: Any, sample_weight: Any) -> Any:
        """What a function of a linearised batch gives."""
        data = (x, y, sample_weight)
        tensors = keras.tree.map_structure(lambda leaf: None if leaf is None else tf.convert_to_tensor(leaf), data)
        return function(self.linearize(*tensors))

    def test_step(self, data: Any) -> dict[str, Any]:
        """One evaluation batch."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        self.evaluate_step(self.run_forward(x, y, sample_weight, training=False))
        return self.test_logs()


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

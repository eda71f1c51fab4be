"""The training step on TensorFlow, eager or in a graph, with or without XLA."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from ..._keras_seams import reduces_first_axis
from ...rows import Activations, CapturedLayer, RecordingScope, Versions, cut
from ...step import Linearized, WritingProgram, join
from ._pullback import TapePullback, values_of
from ._replicas import waits_in_layers


class Program(WritingProgram):
    """See `StepProgram`."""

    def linearize(
        self, x: Any, y: Any, sample_weight: Any, *, around: Sequence[CapturedLayer] | None = None
    ) -> Linearized:
        """See `WritingProgram`."""
        versions = Versions(self.model.trainable_variables)
        with tf.GradientTape(persistent=True) as tape:

            def source(value: tf.Tensor) -> tf.Tensor:
                tape.watch(value)
                return value

            activations = Activations(self.plan.captured() if around is None else (), source=source)
            scope = RecordingScope(self.regularized_values(), versions=versions, detach=tf.stop_gradient, source=source)
            with scope, activations.capturing(), cut(around or ()):
                part = self.forward(x, y, sample_weight, training=True)
            losses, forward = join(part, self.objective.replicas)
        totals = losses if forward is part else [value.loss for value in forward.values]

        def connected_around(captured: Sequence[CapturedLayer]) -> list[set[int]]:
            with self.same_draws():
                return self.linearize(x, y, sample_weight, around=captured).pull.connected()

        pull = TapePullback(tape, losses, versions, activations)
        return Linearized(forward, totals, pull, scope, connected_around)

    def on_one_batch(self, function: Callable[[Linearized], Any], x: Any, y: Any, sample_weight: Any) -> Any:
        """See `StepProgram`."""
        data = (x, y, sample_weight)
        tensors = keras.tree.map_structure(lambda leaf: None if leaf is None else tf.convert_to_tensor(leaf), data)
        with self.same_draws():
            return function(self.linearize(*tensors))

    def nonfinite_terms(self, linear: Linearized, wanted: tf.Tensor) -> tf.Tensor:
        """See `WritingProgram`."""
        pull: Any = linear.pull
        none = tf.zeros(len(linear.losses), tf.int32)
        if self.objective.replicas.count > 1 and waits_in_layers(self.model):
            return none  # no gradient can be taken here
        found = tf.cond(wanted, pull.nonfinite_terms, lambda: none)
        return tf.minimum(self.objective.replicas.total(found), 1)

    def all_finite(self, gradients: Sequence[Any]) -> tf.Tensor:
        """As elsewhere, sparse gradients by their entries."""
        finite = super().all_finite([values_of(gradient) for gradient in gradients])
        if self.objective.replicas.count == 1:
            return finite
        return tf.equal(self.objective.replicas.total(tf.cast(~finite, tf.float32)), 0)

    def logs(self, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """See `StepProgram`; between workers Keras takes the mean over a first axis, which its own logs lack."""
        found = super().logs(compute)
        if self.objective.replicas.count == 1 or not reduces_first_axis(tf.distribute.get_strategy()):
            return found
        return {name: tf.expand_dims(value, 0) for name, value in found.items()}

    def when(self, condition: Any, action: Callable[[], Any], otherwise: Callable[[], Any] | None = None) -> None:
        """Eagerly or in a graph; one conditional costs less than several."""
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

        self.objective.replicas.cond(condition, branch(action), branch(otherwise))

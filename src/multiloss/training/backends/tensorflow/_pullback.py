"""Backward passes on TensorFlow: a persistent tape, pulled once for each cotangent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ...rows import Activations, Cotangents, PassByPass, Versions, single_cotangent


class TapePullback(PassByPass):
    """See `Pullback`.

    Args:
        tape: a persistent tape that saw the forward pass.
        losses: one scalar for each term.
        versions: the trainable variables' values.
        activations: what the captured layers took in and gave out.
    """

    def __init__(
        self, tape: tf.GradientTape, losses: Sequence[tf.Tensor], versions: Versions, activations: Activations
    ):
        self.tape = tape
        self.losses = losses
        self.versions = versions
        self.activations = activations

    def __call__(
        self, cotangents: Cotangents, variables: Sequence[int], calls: Sequence[int] = (), *, dense: bool = False
    ) -> list[Any]:
        """One backward pass; the losses without a cotangent are not walked."""
        pulled = [(k, tf.cast(c, self.losses[k].dtype)) for k, c in enumerate(cotangents) if c is not None]
        gradients = self._by_variables(
            self.tape.gradient(
                [self.losses[k] for k, _ in pulled],
                self._targets(variables, calls),
                output_gradients=[cotangent for _, cotangent in pulled],
            ),
            variables,
        )
        return [tf.convert_to_tensor(g) if dense and g is not None else g for g in gradients]

    def _together(self, rows: Sequence[Cotangents], variables: Sequence[int], calls: Sequence[int]) -> list[Any]:
        """One vectorised pass; every row walks all losses, with zeros as cotangents."""
        targets = self._targets(variables, calls)
        connected = [g is not None for g in self.tape.gradient(self.losses, targets)]
        cotangents = tf.stack([tf.stack([tf.cast(0.0 if s is None else s, "float32") for s in row]) for row in rows])

        def pull(row: tf.Tensor) -> list[tf.Tensor]:
            cast = [tf.cast(row[k], loss.dtype) for k, loss in enumerate(self.losses)]
            gradients = self.tape.gradient(self.losses, targets, output_gradients=cast)
            return [tf.convert_to_tensor(g) for g in gradients if g is not None]

        found = iter(tf.vectorized_map(pull, cotangents))
        return self._by_variables([next(found) if known else None for known in connected], variables)

    def _targets(self, variables: Sequence[int], calls: Sequence[int]) -> list[Any]:
        return self.versions.flat(variables) + [self.activations.outputs[place] for place in calls]

    def _by_variables(self, gradients: Sequence[Any], variables: Sequence[int]) -> list[Any]:
        """Gradients by the targets as gradients by the variables, then by the calls' outputs."""
        left = iter(gradients)
        return [*self.versions.summed(variables, left, tf.convert_to_tensor), *left]

    def connected(self) -> list[set[int]]:
        """For every loss, the indices of the variables that it is connected to."""
        everything = range(len(self.versions))
        rows = [self(single_cotangent(term, len(self.losses), 1.0), everything) for term in range(len(self.losses))]
        return [{index for index, g in enumerate(row) if g is not None} for row in rows]

    def nonfinite_terms(self) -> tf.Tensor:
        """Marks the terms whose own gradient is not finite, shape `(T,)` int32."""
        nonfinite = []
        for index in range(len(self.losses)):
            gradients = self(single_cotangent(index, len(self.losses), 1.0), range(len(self.versions)))
            finite = [tf.reduce_all(tf.math.is_finite(values_of(g))) for g in gradients if g is not None]
            nonfinite.append(tf.cast(~tf.reduce_all(finite), tf.int32))
        return tf.stack(nonfinite)


def values_of(gradient: Any) -> tf.Tensor:
    """The entries of a dense or sparse gradient."""
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient

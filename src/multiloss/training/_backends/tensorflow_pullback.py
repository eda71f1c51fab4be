"""Backward passes on TensorFlow: a persistent tape, pulled once for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from .._gradients import single_seed


class TapePullback:
    """Gradients of weighted sums of the losses.

    Args:
        tape: a persistent tape that saw the forward pass.
        losses: one scalar for each term.
        sources: the trainable variables' values.
    """

    def __init__(self, tape: tf.GradientTape, losses: Sequence[tf.Tensor], sources: Sequence[Any]):
        self.tape = tape
        self.losses = losses
        self.sources = sources

    def __call__(self, seeds: Sequence[Any], variables: Sequence[int], *, dense: bool = False) -> list[Any]:
        """See `Pullback`."""
        gradients = self.pull(seeds, [self.sources[index] for index in variables])
        return [tf.convert_to_tensor(g) if dense and g is not None else g for g in gradients]

    def pull(self, seeds: Sequence[Any], targets: Sequence[Any]) -> list[Any]:
        """Gradients by any tensors of the forward pass, None where unreached."""
        pulled = [
            (loss, tf.cast(seed, loss.dtype)) for loss, seed in zip(self.losses, seeds, strict=True) if seed is not None
        ]
        return self.tape.gradient([loss for loss, _ in pulled], targets, output_gradients=[seed for _, seed in pulled])

    def reach(self) -> list[set[int]]:
        """For every loss, the indices of the variables that it reaches."""
        return [
            {index for index, g in enumerate(self.tape.gradient(loss, self.sources)) if g is not None}
            for loss in self.losses
        ]

    def blame(self) -> tf.Tensor:
        """Marks the terms whose own gradient is not finite, shape `(T,)` int32."""
        guilty = []
        for index in range(len(self.losses)):
            gradients = self(single_seed(index, len(self.losses), 1.0), range(len(self.sources)))
            finite = [tf.reduce_all(tf.math.is_finite(values_of(g))) for g in gradients if g is not None]
            guilty.append(tf.cast(~tf.reduce_all(finite), tf.int32))
        return tf.stack(guilty)


def values_of(gradient: Any) -> tf.Tensor:
    """The entries of a dense or sparse gradient."""
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient

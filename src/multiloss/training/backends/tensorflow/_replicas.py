"""Replicas of a `tf.distribute` strategy: one with each part of the batch, in one process or in several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

from ...step import Replicas


class Mirrored(Replicas):
    """See `Replicas`; the optimizer and the layers' variables sum up by themselves, as in Keras."""

    @property
    def count(self) -> int:
        """See `Replicas`."""
        context = tf.distribute.get_replica_context()
        return 1 if context is None else context.num_replicas_in_sync

    def gather(self, vector: tf.Tensor) -> tf.Tensor:
        """See `Replicas`; one sum, where TensorFlow's own gathering first asks for the shapes."""
        if self.count == 1:
            return vector[None]
        own = [[tf.distribute.get_replica_context().replica_id_in_sync_group]]
        rows = tf.zeros((self.count, *vector.shape), vector.dtype)
        return self.total(tf.tensor_scatter_nd_update(rows, own, vector[None]))

    def total(self, array: tf.Tensor) -> tf.Tensor:
        """See `Replicas`."""
        if self.count == 1:
            return array
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, array)

    def cond(self, condition: Any, true: Callable[[], Any], false: Callable[[], Any]) -> Any:
        """See `Replicas`; a replica may wait for others only in a conditional that stands around all of them."""
        if self.count == 1:
            return ops.cond(condition, true, false)
        return tf.distribute.get_replica_context().merge_call(_across, args=(condition, true, false))


def _across(strategy: tf.distribute.Strategy, condition: Any, true: Any, false: Any) -> Any:
    """One conditional for all replicas; what the first one gives is what all of them give."""

    def branch(of_each: Any) -> Callable[[], Any]:
        def run() -> Any:
            found = strategy.extended.call_for_each_replica(lambda function: function(), args=(of_each,))
            return tf.nest.map_structure(lambda value: strategy.experimental_local_results(value)[0], found)

        return run

    return tf.cond(strategy.experimental_local_results(condition)[0], branch(true), branch(false))

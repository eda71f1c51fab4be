"""Replicas of a `tf.distribute` strategy: one with each part of the batch, in one process or in several."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from ...._core.errors import invalid
from ..._keras_seams import all_layers, strategy_of
from ...rows import REPRESENTATION
from ...step import Replicas


class Mirrored(Replicas):
    """See `Replicas`; the optimizer sums up by itself, as in Keras."""

    @property
    def count(self) -> int:
        """See `Replicas`."""
        context = tf.distribute.get_replica_context()
        return 1 if context is None else context.num_replicas_in_sync

    def count_of(self, host: keras.Model) -> int:
        """See `Replicas`."""
        return host.distribute_strategy.num_replicas_in_sync

    def inexact(self, host: keras.Model) -> list[str]:
        """See `Replicas`."""
        clips = [name for name in ("clipnorm", "global_clipnorm", "clipvalue") if getattr(host.optimizer, name, None)]
        return [f"Keras clips each replica's gradients before it sums them up ({', '.join(clips)})"] if clips else []

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
        if not tf.distribute.has_strategy() or tf.distribute.in_cross_replica_context():
            return tf.cond(condition, true, false)
        return tf.distribute.get_replica_context().merge_call(_across, args=(condition, true, false))


def _across(strategy: tf.distribute.Strategy, condition: Any, true: Any, false: Any) -> Any:
    """One conditional for all replicas; what the first one gives is what all of them give."""

    def branch(of_each: Any) -> Callable[[], Any]:
        def run() -> Any:
            found = strategy.extended.call_for_each_replica(lambda function: function(), args=(of_each,))
            return tf.nest.map_structure(lambda value: strategy.experimental_local_results(value)[0], found)

        return run

    return tf.cond(strategy.experimental_local_results(condition)[0], branch(true), branch(false))


@contextlib.contextmanager
def written_by_one(variables: Sequence[keras.Variable]) -> Iterator[bool]:
    """Whether this process writes the files of a model: of several workers the chief does.

    Args:
        variables: what will be saved.
    """
    resolver = next((own.cluster_resolver for v in variables if (own := _strategy_of(v)) is not None), None)
    if resolver is None or len(resolver.cluster_spec().as_dict().get("worker", ())) < 2:
        yield True
        return
    if tf.distribute.has_strategy():  # Keras makes variables while it saves: under the scope the others would be asked
        raise invalid(
            "Of several workers one saves, outside of the strategy's scope",
            received="a call within `with strategy.scope():`",
            fix="Close the scope after ml.compile; `fit` needs none.",
        )
    yield resolver.task_id in (None, 0)


def check_processes(host: keras.Model, variables: Callable[[], Sequence[keras.Variable]]) -> None:
    """Raises for a strategy under which the replicas would not take the step of one device, or that would not be used.

    Args:
        host: the trainer.
        variables: gives its own and its optimizer's.
    """
    strategy = strategy_of(host)
    known = (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy, tf.distribute.OneDeviceStrategy)
    if strategy is not None and not isinstance(strategy, known):
        raise invalid(
            "multiloss trains under tf.distribute.MirroredStrategy and MultiWorkerMirroredStrategy",
            received=type(strategy).__name__,
            fix="Build and compile under the scope of one of them.",
        )
    count = host.distribute_strategy.num_replicas_in_sync
    if count > 1 and waits_in_layers(host.model) and _asks_elsewhere(host):
        raise invalid(
            "On TensorFlow a balancer beside BatchNormalization(synchronized=True) can read neither a representation "
            "nor gradients in each n-th step alone",
            received=f"balancer={host.balancer!r}",
            fix="Leave out `wrt` and `every`, or `synchronized`.",
        )
    if count > 1 and host.compiled and not host.run_eagerly and (steps := _accumulated(host.optimizer)):
        raise invalid(
            "Under a tf.distribute strategy Keras's optimizers cannot accumulate gradients in a compiled step",
            received=f"gradient_accumulation_steps={steps}",
            fix="Leave it out and use a larger batch_size.",
        )
    if elsewhere := [variable.path for variable in variables() if _copies(variable) != count]:
        own = "none" if strategy is None else type(strategy).__name__
        raise invalid(
            "Model, optimizer and trainer must be made under the scope of one strategy",
            received=f"a trainer under {own}, and {elsewhere[0]!r} under another",
            fix="Put the model, the optimizer object and ml.compile into `with strategy.scope():`.",
        )


def check_alone(what: str) -> None:
    """Raises for what trains each model in one process, and would wait for others that do something else.

    Args:
        what: the name of a function.
    """
    if isinstance(tf.distribute.get_strategy(), tf.distribute.MultiWorkerMirroredStrategy):
        raise invalid(
            f"`{what}` trains every model in one process",
            received="a call within the scope of a MultiWorkerMirroredStrategy",
            fix="Close the scope: processes that know nothing of each other share the work through one folder or "
            "database.",
        )


def waits_in_layers(model: keras.Model) -> bool:
    """Whether layers wait for other replicas: their gradient is taken outside of conditionals, and no hook is in place.

    Replicas take turns where one waits, so that what is hooked into a layer then would be another's.
    """
    return any(getattr(layer, "synchronized", False) for layer in all_layers(model))


def _asks_elsewhere(host: keras.Model) -> bool:
    """Whether the balancer needs hooks, or gradients within a conditional."""
    if host.program is None:
        return False
    balancing = host.program.objective.balancing
    return balancing.reads_gradients and (balancing.over.wrt.startswith(REPRESENTATION) or balancing.every > 1)


def _accumulated(optimizer: keras.optimizers.Optimizer) -> int | None:
    """Over how many steps an optimizer, or the one that it wraps, sums up gradients."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return inner.gradient_accumulation_steps or optimizer.gradient_accumulation_steps


def _copies(variable: keras.Variable) -> int:
    """How many replicas have a copy of their own."""
    strategy = _strategy_of(variable)
    return 1 if strategy is None else strategy.num_replicas_in_sync


def _strategy_of(variable: keras.Variable) -> Any:
    """The strategy under which it was made; None without one."""
    return getattr(variable.value, "distribute_strategy", None)

"""Several devices and processes on JAX: an array spans them all, so that a step sees the whole batch by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import keras

from ...._core.errors import invalid
from ...._core.wording import counted


def are_joined() -> bool:
    """Whether several processes train one model."""
    return keras.distribution.distribution() is not None and jax.process_count() > 1


@contextlib.contextmanager
def written_by_one(variables: Sequence[keras.Variable]) -> Iterator[bool]:
    """Whether this process writes the files of a model; within the block it asks nothing of the others.

    Without a distribution for that time, as Keras makes variables while it saves, which it would compare with those of
    the other processes.

    Args:
        variables: what will be saved.
    """
    if not are_joined():
        yield True
        return
    if spread := [each.path for each in variables if not each.value.is_fully_replicated]:
        raise invalid(
            "One process can save only what it holds a whole copy of",
            received=f"a model with {counted(len(spread), 'variable')} spread over processes, such as {spread[0]!r}",
            fix="Use keras.callbacks.OrbaxCheckpoint(...), which saves from all processes.",
        )
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield jax.process_index() == 0
    finally:
        keras.distribution.set_distribution(distribution)


def check_processes(host: keras.Model, variables: Callable[[], Sequence[keras.Variable]]) -> None:
    """Raises where processes know of each other, and each would train a model of its own."""
    if jax.process_count() > 1 and keras.distribution.distribution() is None:
        raise invalid(
            "Processes that belong together must say how they share a model and its batches",
            received=f"{jax.process_count()} processes and no distribution, so that each would train its own model",
            fix="Call keras.distribution.set_distribution(keras.distribution.DataParallel()) before the model is made; "
            "leave out keras.distribution.initialize() for models of their own.",
        )


def check_alone(what: str) -> None:
    """Raises for what trains each model in one process, and would wait for others that do something else.

    Args:
        what: the name of a function.
    """
    # Asked in this order, as the number of processes cannot be known without taking hold of the devices.
    if jax.distributed.is_initialized() and jax.process_count() > 1:
        raise invalid(
            f"`{what}` trains every model in one process",
            received=f"{jax.process_count()} processes that belong together",
            fix="Leave out keras.distribution.initialize(): processes that know nothing of each other share the work "
            "through one folder or database.",
        )


def devices_of_a_batch() -> int:
    """Into how many equal parts a batch of all processes is cut."""
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.batch_dim_name is None:
        return 1
    mesh = distribution.device_mesh
    return mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)]


def parts_of_a_batch() -> int:
    """Into how many equal parts this process's part of a batch is cut, one for each of its devices."""
    devices = devices_of_a_batch()
    return 1 if devices == 1 else max(1, devices // jax.process_count())


def joined(data: Any) -> Any:
    """The whole batch, of which every process has given its part, as Keras makes it of the data of `fit`."""
    distribution = keras.distribution.distribution()

    def whole(leaf: Any) -> Any:
        if leaf is None or (isinstance(leaf, jax.Array) and not leaf.is_fully_addressable):
            return leaf
        return jax.make_array_from_process_local_data(distribution.get_data_layout(leaf.shape).backend_layout, leaf)

    return keras.tree.map_structure(whole, data)


def on_every_process() -> jax.sharding.NamedSharding:
    """The layout of what every process shall be able to read."""
    mesh = keras.distribution.distribution().device_mesh.backend_mesh
    return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())

"""Several devices and processes on JAX: an array spans them all, so that a step sees the whole batch by itself."""

from __future__ import annotations

from typing import Any

import jax
import keras

from ...._core.errors import invalid


def are_joined() -> bool:
    """Whether several processes train one model."""
    return keras.distribution.distribution() is not None and jax.process_count() > 1


def is_first_process() -> bool:
    """Whether this is the one of them that writes files; a process that trains alone is."""
    return not are_joined() or jax.process_index() == 0


def check_processes() -> None:
    """Raises where processes know of each other, and each would train a model of its own."""
    if jax.process_count() > 1 and keras.distribution.distribution() is None:
        raise invalid(
            "Processes that belong together must say how they share a model and its batches",
            received=f"{jax.process_count()} processes and no distribution, so that each would train its own model",
            fix="Call keras.distribution.set_distribution(keras.distribution.DataParallel()) before the model is made; "
            "leave out keras.distribution.initialize() for models of their own.",
        )


def parts_of_a_batch() -> int:
    """Into how many equal parts this process's part of a batch is cut, one for each of its devices."""
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.batch_dim_name is None:
        return 1
    mesh = distribution.device_mesh
    return max(1, mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)] // jax.process_count())


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

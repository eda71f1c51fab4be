"""The clock of a sample: CPU time of the process; wall-clock time where a GPU computes, after the GPU has finished."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import keras


def seconds() -> float:
    """What the clock shows now."""
    wait = _wait()
    if wait is None:
        return time.process_time()
    wait()
    return time.perf_counter()


def device() -> str:
    """What computes: `cpu`, or the name of the accelerator."""
    return "cpu" if _wait() is None else _name()


@functools.cache
def _wait() -> Callable[[], object] | None:
    """Waits for the accelerator's queue; None where there is none."""
    if keras.backend.backend() == "jax":
        import jax

        if jax.default_backend() == "cpu":
            return None
        return lambda: (jax.numpy.zeros(()) + 1.0).block_until_ready()
    if keras.backend.backend() == "torch":
        import torch

        return torch.cuda.synchronize if torch.cuda.is_available() else None
    import tensorflow as tf

    return tf.test.experimental.sync_devices if tf.config.list_physical_devices("GPU") else None


def _name() -> str:
    if keras.backend.backend() == "jax":
        import jax

        return jax.devices()[0].device_kind
    if keras.backend.backend() == "torch":
        import torch

        return torch.cuda.get_device_name()
    import tensorflow as tf

    return tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0]).get(
        "device_name", "GPU"
    )

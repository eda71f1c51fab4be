"""The few things that a test must ask of the active backend itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

NAME = keras.backend.backend()

if NAME == "torch":
    import torch

    # Batched LAPACK calls on tiny matrices lose far more to thread switching than they gain.
    torch.set_num_threads(1)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function under the backend's compiler; as it is on PyTorch, where Keras too runs eagerly by default."""
    if NAME == "jax":
        import jax

        return jax.jit(function)
    if NAME == "tensorflow":
        import tensorflow

        return tensorflow.function(function)
    return function


def compilers() -> dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]]:
    """Every compiler that the backend has."""
    if NAME == "tensorflow":
        import tensorflow

        return {"graph": compiled, "xla": lambda function: tensorflow.function(function, jit_compile=True)}
    if NAME == "torch":
        import torch

        # `aot_eager` traces as the default does, without a C++ compiler's minutes.
        return {"compile": lambda function: torch.compile(function, backend="aot_eager")}
    return {"jit": compiled}


@contextlib.contextmanager
def double_precision() -> Iterator[None]:
    """Lets JAX keep float64; the others always do."""
    if NAME != "jax":
        yield
        return
    import jax

    with jax.enable_x64(True):
        yield

"""The few things that a test must ask of the active backend itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

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


def value_and_gradient(function: Callable[..., Any], array: np.ndarray) -> tuple[float, np.ndarray]:
    """A scalar function's value and gradient, on the active backend."""
    if NAME == "jax":
        import jax

        value, gradient = jax.value_and_grad(function)(keras.ops.convert_to_tensor(array))
    elif NAME == "tensorflow":
        import tensorflow

        point = tensorflow.Variable(array)
        with tensorflow.GradientTape() as tape:
            value = function(tensorflow.convert_to_tensor(point))
        gradient = tape.gradient(value, point)
        gradient = np.zeros_like(array) if gradient is None else gradient
    else:
        point = torch.tensor(array, requires_grad=True)
        value = function(point)
        (gradient,) = torch.autograd.grad(value, point, allow_unused=True)
        gradient = np.zeros_like(array) if gradient is None else gradient
        value = value.detach()
    return float(keras.ops.convert_to_numpy(value)), np.asarray(keras.ops.convert_to_numpy(gradient))

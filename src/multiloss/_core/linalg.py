"""Small linear algebra of the terms' gradients: the Gramian, and its form without units.

On PyTorch, Keras's `ops.matmul`, `ops.mean`, `ops.maximum` and `ops.minimum` turn float64 into float32 (on JAX,
`ops.mean` does). What must keep float64 uses `product`, sums, `ops.clip` and `ops.where`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .typing import Array, Gramian, Jacobian, Lengths, Presence


def to_float(array: Array) -> Array:
    """A tensor in float32 or better: float64 stays, everything else becomes float32."""
    tensor = ops.convert_to_tensor(array)
    precise = _has_dtype(tensor, "float32") or _has_dtype(tensor, "float64")
    return tensor if precise else ops.cast(tensor, "float32")


def epsilon(array: Array) -> float:
    """The distance from 1 to the next number in the tensor's dtype, float32 or float64."""
    return 2.0**-52 if keras.backend.standardize_dtype(array.dtype) == "float64" else 2.0**-23


def filled(array: Array, value: float) -> Array:
    """One value everywhere, in the shape of an array of floats; on PyTorch `ops.full_like` waits for the device."""
    return ops.zeros_like(array) + value


def largest(array: Array) -> Array:
    """The largest entry; 0 of an array known to be empty. With `ops.max(initial=...)` PyTorch waits for the device."""
    return ops.zeros((), dtype=array.dtype) if 0 in tuple(array.shape) else ops.max(array)


def one_hot(numbers: Array, length: int, dtype: str) -> Array:
    """Rows that are 1 at a number and 0 elsewhere; PyTorch's own would look at the numbers, on the host.

    Args:
        numbers: integers, of any shape; one that is no place gives a row of zeros.
        length: of the rows, which are the last axis.
        dtype: of the result.
    """
    places = ops.arange(length, dtype="int32")
    return ops.cast(ops.equal(ops.expand_dims(ops.cast(numbers, "int32"), -1), places), dtype)


def stack(values: Sequence[Any], dtype: str = "float32") -> Array:
    """Scalars as a vector; numbers known beforehand become a constant."""
    known = [value for value in values if not ops.is_tensor(value)]
    if len(known) < len(values):
        return ops.stack([_scalar(value, dtype) for value in values])
    if all(value == known[0] for value in known):
        return _repeated(known[0], (len(known),), dtype)
    return ops.convert_to_tensor(np.array(values, dtype))


def _scalar(value: Any, dtype: str) -> Array:
    if not ops.is_tensor(value):
        return _repeated(value, (), dtype)
    return value if _has_dtype(value, dtype) else ops.cast(value, dtype)


def _repeated(value: Any, shape: tuple[int, ...], dtype: str) -> Array:
    """One known number everywhere, filled in on the device: a constant of the host's would have to be sent to it."""
    if value in (0, 1):
        return ops.ones(shape, dtype) if value else ops.zeros(shape, dtype)
    return ops.zeros(shape, dtype) + np.dtype(dtype).type(value).item()


def _has_dtype(value: Any, dtype: str) -> bool:
    return ops.is_tensor(value) and dtype in str(value.dtype)  # TensorFlow writes it in quotes


def product(left: Array, right: Array) -> Array:
    """The matrix product of arrays of shapes `(..., I, J)` and `(J, K)`, in their own dtype.

    Not `ops.einsum`: JAX keeps each one that it ever traced in a cache.
    """
    return ops.convert_to_tensor(left) @ ops.convert_to_tensor(right)


def gramian_of(jacobian: Jacobian) -> Gramian:
    """The inner products of the rows, G = J J', shape `(K, K)` for a Jacobian of shape `(K, P)`."""
    return product(jacobian, ops.transpose(jacobian))


def correlation(gramian: Gramian, present: Presence) -> tuple[Gramian, Lengths]:
    """Splits the Gramian into cosines and lengths, G_ij = lengths_i C_ij lengths_j.

    The solvers work on C, whose entries lie in [-1, 1] whatever the units of the losses are. Absent rows (and whatever
    they hold, NaN too) are replaced by unit rows orthogonal to everything, so that they touch no other row.

    Args:
        gramian: shape `(K, K)`.
        present: shape `(K,)`, bool.

    Returns:
        The cosines, shape `(K, K)`, with a diagonal of exactly 1, and the lengths, shape `(K,)`, 1 where absent.
    """
    diagonal = ops.diagonal(gramian)
    # Roots first, then two divisions: the product of two squared lengths would overflow in float32.
    lengths = ops.sqrt(ops.where(present, diagonal, ops.ones_like(diagonal)))
    identity = ops.eye(gramian.shape[0], dtype=gramian.dtype)
    pairs = ops.logical_and(ops.logical_and(present[:, None], present[None, :]), identity == 0)
    cosines = ops.hard_tanh(gramian / lengths[:, None] / lengths[None, :])
    return ops.where(pairs, cosines, identity), lengths


def relative(lengths: Lengths, present: Presence) -> tuple[Lengths, Array]:
    """Lengths over the longest present one.

    Args:
        lengths: of `correlation`, shape `(K,)`.
        present: shape `(K,)`, bool.

    Returns:
        Shape `(K,)`, at most 1, and 0 where absent; and the longest length, 1 where all are absent.
    """
    lengths = ops.where(present, lengths, ops.zeros_like(lengths))
    longest = ops.max(lengths)
    longest = ops.where(longest > 0, longest, ops.ones_like(longest))
    return lengths / longest, longest

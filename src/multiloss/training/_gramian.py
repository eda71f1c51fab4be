"""Inner products of K gradients, formed or not."""

from __future__ import annotations

import numpy as np
from keras import ops

from .._core.typing import Array


def of_rows(rows: Array, norms_alone: bool) -> Array:
    """The Gramian of K rows, shape `(K, K)`, or their squared lengths, shape `(K,)`, in float32.

    Args:
        rows: shape `(K, ...)`.
        norms_alone: whether only the squared lengths are wanted.
    """
    matrix = ops.reshape(ops.cast(rows, "float32"), (rows.shape[0], -1))
    if norms_alone:
        return ops.sum(ops.square(matrix), axis=1)
    return ops.matmul(matrix, ops.transpose(matrix))


def of_products(inputs: Array, deltas: Array, norms_alone: bool) -> Array:
    """The Gramian of K gradients of the form A' D_k, without forming them: <A' D_k, A' D_l> = <D_k, (A A') D_l>.

    Args:
        inputs: A, shape `(N, m)`.
        deltas: D, shape `(K, N, n)`.
        norms_alone: whether only the diagonal is wanted.
    """
    return _between(deltas, ops.matmul(ops.matmul(inputs, ops.transpose(inputs)), deltas), norms_alone)


def of_looked_up(indices: Array, deltas: Array, norms_alone: bool) -> Array:
    """The same for a lookup in a table: A has a one at each position's index, so that A A' says which are equal.

    Args:
        indices: shape `(N,)`.
        deltas: D, shape `(K, N, n)`.
        norms_alone: whether only the diagonal is wanted.
    """
    equal = ops.cast(ops.equal(indices[:, None], indices[None, :]), "float32")
    return _between(deltas, ops.matmul(equal, deltas), norms_alone)


def _between(deltas: Array, others: Array, norms_alone: bool) -> Array:
    if norms_alone:
        return ops.sum(deltas * others, axis=(1, 2))
    first, second = (ops.reshape(array, (array.shape[0], -1)) for array in (deltas, others))
    product = ops.matmul(first, ops.transpose(second))
    return np.float32(0.5) * (product + ops.transpose(product))  # symmetric but for rounding


def pays(rows: int, count: int, given: int, width: int, norms_alone: bool, *, lookup: bool = False) -> bool:
    """Whether going through the N x N similarities of the positions takes fewer multiplications than forming rows.

    Args:
        rows: K.
        count: N.
        given: m, or the number of rows of a table.
        width: n.
        norms_alone: whether only squared lengths are wanted.
        lookup: a lookup in a table costs no multiplication.
    """
    pairs = rows if norms_alone else rows * rows
    each = 1 if lookup else given
    through = count * count * each + rows * count * count * width + pairs * count * width
    formed = rows * count * each * width + pairs * given * width
    return through < formed

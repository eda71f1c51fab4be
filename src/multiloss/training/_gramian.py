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


def of_products(inputs: Array, deltas: Array, count: int, norms_alone: bool) -> Array:
    """The Gramian of K gradients of the form A' D_k, without forming them where that is cheaper.

    <A' D_k, A' D_l> = <D_k, (A A') D_l>

    Args:
        inputs: A, shape `(N, m)`.
        deltas: D, shape `(K, N, n)`.
        count: N, or what it usually is.
        norms_alone: whether only the diagonal is wanted.
    """
    rows, width = deltas.shape[0], deltas.shape[-1]
    if _through_positions(rows, count, inputs.shape[-1], width, norms_alone):
        similar = ops.matmul(inputs, ops.transpose(inputs))
        return _between(deltas, ops.matmul(similar, deltas), norms_alone)
    return of_rows(ops.matmul(ops.transpose(inputs), deltas), norms_alone)


def of_looked_up(indices: Array, deltas: Array, count: int, table: int, norms_alone: bool) -> Array:
    """The same for a lookup in a table: A has a one at each position's index, so that A A' says which are equal.

    Args:
        indices: shape `(N,)`.
        deltas: D, shape `(K, N, n)`.
        count: N, or what it usually is.
        table: the number of rows of the table.
        norms_alone: whether only the diagonal is wanted.
    """
    rows, width = deltas.shape[0], deltas.shape[-1]
    if _through_positions(rows, count, table, width, norms_alone, lookup=True):
        equal = ops.cast(ops.equal(indices[:, None], indices[None, :]), "float32")
        return _between(deltas, ops.matmul(equal, deltas), norms_alone)
    by_position = ops.reshape(ops.transpose(deltas, (1, 0, 2)), (-1, rows * width))
    return of_rows(_by_row(ops.segment_sum(by_position, indices, num_segments=table), rows, width), norms_alone)


def _by_row(table: Array, rows: int, width: int) -> Array:
    return ops.transpose(ops.reshape(table, (-1, rows, width)), (1, 0, 2))


def _between(deltas: Array, others: Array, norms_alone: bool) -> Array:
    if norms_alone:
        return ops.sum(deltas * others, axis=(1, 2))
    first, second = (ops.reshape(array, (array.shape[0], -1)) for array in (deltas, others))
    product = ops.matmul(first, ops.transpose(second))
    return np.float32(0.5) * (product + ops.transpose(product))  # symmetric but for rounding


def _through_positions(rows: int, count: int, given: int, width: int, norms_alone: bool, lookup: bool = False) -> bool:
    """Whether going through the N x N similarities of the positions takes fewer multiplications than forming rows."""
    pairs = rows if norms_alone else rows * rows
    similarities = count * count * (1 if lookup else given)
    through = similarities + rows * count * count * width + pairs * count * width
    formed = rows * count * (1 if lookup else given) * width + pairs * given * width
    return through < formed

"""Inner products of K gradients, formed or not: all of them, or the squared lengths alone."""

from __future__ import annotations

import abc

import numpy as np
from keras import ops

from ..._core.typing import Array


class Products(abc.ABC):
    """What a balancer reads of K gradients, summed up part by part of the variables, in float32."""

    @abc.abstractmethod
    def zeros(self, rows: int) -> Array:
        """The sum over no variables."""

    @abc.abstractmethod
    def between(self, first: Array, second: Array) -> Array:
        """What two sets of K rows of shape `(K, N, n)` give, of which one comes from the other symmetrically."""

    @abc.abstractmethod
    def of_matrix(self, matrix: Array) -> Array:
        """What K rows of shape `(K, P)` give."""

    @abc.abstractmethod
    def norms_and_gramian(self, total: Array) -> tuple[Array, Array | None]:
        """The gradients' lengths, shape `(K,)`, and their Gramian, shape `(K, K)`, where it is wanted."""

    @abc.abstractmethod
    def pairs(self, rows: int) -> int:
        """How many inner products K rows take."""

    def of_rows(self, rows: Array) -> Array:
        """What K gradients of shape `(K, ...)` give."""
        return self.of_matrix(ops.reshape(ops.cast(rows, "float32"), (rows.shape[0], -1)))

    def of_outer(self, inputs: Array, deltas: Array) -> Array:
        """What K gradients of the form A' D_k give without being formed: <A' D_k, A' D_l> = <D_k, (A A') D_l>.

        Args:
            inputs: A, shape `(N, m)`.
            deltas: D, shape `(K, N, n)`.
        """
        return self.between(deltas, ops.matmul(ops.matmul(inputs, ops.transpose(inputs)), deltas))

    def of_lookup(self, indices: Array, deltas: Array) -> Array:
        """The same for a lookup in a table: A has a one at each position's index, so that A A' says which are equal.

        Args:
            indices: shape `(N,)`.
            deltas: D, shape `(K, N, n)`.
        """
        equal = ops.cast(ops.equal(indices[:, None], indices[None, :]), "float32")
        return self.between(deltas, ops.matmul(equal, deltas))

    def pays(self, rows: int, count: int, given: int, width: int, *, lookup: bool = False) -> bool:
        """Whether going through the N x N similarities of the positions takes fewer multiplications than forming rows.

        Args:
            rows: K.
            count: N.
            given: m, or the number of rows of a table.
            width: n.
            lookup: a lookup in a table costs no multiplication.
        """
        pairs = self.pairs(rows)
        each = 1 if lookup else given
        through = count * count * each + rows * count * count * width + pairs * count * width
        formed = rows * count * each * width + pairs * given * width
        return through < formed


class GramianProducts(Products):
    """All inner products, shape `(K, K)`."""

    def zeros(self, rows: int) -> Array:
        """See `Products`."""
        return ops.zeros((rows, rows), "float32")

    def between(self, first: Array, second: Array) -> Array:
        """See `Products`."""
        left, right = (ops.reshape(array, (array.shape[0], -1)) for array in (first, second))
        product = ops.matmul(left, ops.transpose(right))
        return np.float32(0.5) * (product + ops.transpose(product))  # symmetric but for rounding

    def of_matrix(self, matrix: Array) -> Array:
        """See `Products`."""
        return ops.matmul(matrix, ops.transpose(matrix))

    def norms_and_gramian(self, total: Array) -> tuple[Array, Array | None]:
        """See `Products`."""
        return _root(ops.diagonal(total)), total

    def pairs(self, rows: int) -> int:
        """See `Products`."""
        return rows * rows


class NormProducts(Products):
    """The squared lengths alone, shape `(K,)`."""

    def zeros(self, rows: int) -> Array:
        """See `Products`."""
        return ops.zeros((rows,), "float32")

    def between(self, first: Array, second: Array) -> Array:
        """See `Products`."""
        return ops.sum(first * second, axis=(1, 2))

    def of_matrix(self, matrix: Array) -> Array:
        """See `Products`."""
        return ops.sum(ops.square(matrix), axis=1)

    def norms_and_gramian(self, total: Array) -> tuple[Array, Array | None]:
        """See `Products`."""
        return _root(total), None

    def pairs(self, rows: int) -> int:
        """See `Products`."""
        return rows


def _root(squares: Array) -> Array:
    return ops.sqrt(ops.maximum(squares, ops.zeros_like(squares)))

"""Powers of a Gramian on the directions that are there: what is lost in rounding counts as 0."""

from __future__ import annotations

import math

from keras import ops

from ..linalg import epsilon, product
from ..typing import Array

# Eigenvalues below this many roundings, times K, of the largest one are taken for 0.
RANK = 4.0
# A vector whose part in the range is below this many roundings, times K, of its length is taken for orthogonal to it.
OUTSIDE = 64.0


def spectrum(matrix: Array) -> tuple[Array, Array, Array]:
    """The eigenvalues of a positive semi-definite matrix, and which of them are not 0 up to rounding.

    Args:
        matrix: shape `(K, K)`.

    Returns:
        The eigenvalues in ascending order, 1 where they count as 0, shape `(K,)`; the eigenvectors in columns, shape
        `(K, K)`; which eigenvalues are positive, shape `(K,)`, bool. NaN for a matrix that is not finite.
    """
    finite = ops.all(ops.isfinite(matrix))
    # Some backends' eigenvalue routines raise when fed with NaN: they get a harmless matrix instead.
    safe = ops.where(finite, matrix, ops.eye(matrix.shape[-1], dtype=matrix.dtype))
    values, vectors = ops.eigh(safe)
    positive = values > RANK * matrix.shape[-1] * epsilon(matrix) * values[-1]
    values = ops.where(positive, values, ops.ones_like(values))
    return ops.where(finite, values, values * math.nan), vectors, positive


def apply_power(values: Array, vectors: Array, positive: Array, power: float, vector: Array) -> Array:
    """M^power b on the range of M, from the spectrum of M: power -1 is the pseudo-inverse.

    Args:
        values: of `spectrum`.
        vectors: of `spectrum`.
        positive: of `spectrum`.
        power: of the positive eigenvalues; the others give 0.
        vector: b, shape `(K,)`.

    Returns:
        Shape `(K,)`; exactly 0 where b has no part in the range of M but rounding.
    """
    none = ops.zeros_like(vector)
    parts = ops.where(positive, product(vector[None], vectors)[0], none)
    rounding = OUTSIDE * vector.shape[0] * epsilon(vector)
    inside = ops.sum(parts * parts) > rounding**2 * ops.sum(vector * vector)
    result = product(vectors, (parts * values**power)[:, None])[:, 0]
    return ops.where(ops.logical_or(inside, ops.logical_not(ops.isfinite(ops.sum(values)))), result, none)

"""Small problems with signs, solved for every set of positive variables at once."""

from __future__ import annotations

from keras import ops

from ..linalg import epsilon, product
from ..typing import Array

# As many variables have 256 sets, whose systems cost less than the operations of an iteration do.
MOST = 8
# A set's slopes, brought back into its solution as often, take away what rounding has left there.
REFINEMENTS = 2
LARGE = 1e30


def quadratic_by_sets(matrix: Array, linear: Array) -> Array:
    """Minimises 1/2 y'My + q'y subject to y >= 0, for one matrix M and several vectors q at once.

    A set of positive variables has one candidate, y = -M^-1 q on the set and 0 elsewhere. Optimal are those with y >= 0
    and slopes s = My + q >= 0; every minimiser that needs no dependent rows is among them.

    Args:
        matrix: shape `(K, K)`, K at most `MOST`, positive semi-definite up to rounding, with a diagonal of about 1.
        linear: shape `(B, K)`, with entries of about 1, in the range of M plus the non-negative orthant.

    Returns:
        Shape `(B, K)`. Where the minimiser is not unique, the mean of the candidates that are equally good.
    """
    inverses = principal_inverses(matrix)
    y = refined(-(linear @ inverses), inverses, matrix, linear)
    slopes = product(y, matrix) + linear
    return best(y, ops.max(ops.abs(ops.where(y < slopes, y, slopes)), axis=-1))


def principal_inverses(matrix: Array) -> Array:
    """The inverse of the matrix on each set of rows and columns, 0 elsewhere; shape `(2^K, K, K)`.

    By orthogonal factors, which exist for every matrix and ask for no look at the values on the host. Where the rows of
    a set are dependent, entries are as large as rounding lets them be.
    """
    terms = matrix.shape[-1]
    numbers = ops.expand_dims(ops.arange(2**terms, dtype="int32"), -1)
    members = ops.cast(ops.bitwise_and(ops.right_shift(numbers, ops.arange(terms, dtype="int32")), 1), matrix.dtype)
    pairs = members[:, :, None] * members[:, None, :]
    identity = ops.eye(terms, dtype=matrix.dtype)
    orthogonal, upper = ops.qr(pairs * (matrix - identity) + identity)
    smallest = epsilon(matrix) * identity
    upper = ops.where(ops.abs(upper) < smallest, smallest, upper)
    return pairs * ops.linalg.solve_triangular(upper, ops.transpose(orthogonal, (0, 2, 1)), lower=False)


def refined(y: Array, inverses: Array, matrix: Array, linear: Array) -> Array:
    """Candidates whose slopes are 0 on their sets to rounding, without what is negative.

    Args:
        y: shape `(2^K, B, K)`.
        inverses: of `principal_inverses`.
        matrix: M, shape `(K, K)`.
        linear: q, shape `(B, K)` or `(2^K, B, K)`.
    """
    for _ in range(REFINEMENTS):
        y = y - (product(y, matrix) + linear) @ inverses
    return ops.relu(y)


def best(y: Array, faults: Array) -> Array:
    """The mean of the candidates with the smallest fault, up to rounding: of any order of the variables the same.

    Args:
        y: shape `(2^K, B, K)`.
        faults: shape `(2^K, B)`, not negative. NaN everywhere gives NaN.
    """
    # What is not a number is no candidate, unless none is.
    worst = ops.zeros_like(faults) + LARGE
    faults = ops.where(faults < worst, faults, worst)
    alike = (faults <= 2.0 * ops.min(faults, axis=0) + 4.0 * epsilon(faults))[..., None]
    total = ops.sum(ops.where(alike, y, ops.zeros_like(y)), axis=0)
    return total / ops.sum(ops.cast(alike, y.dtype), axis=0)

"""Small problems with signs, solved for every set of positive variables at once."""

from __future__ import annotations

from keras import ops

from ..linalg import epsilon, product
from ..typing import Array

# As many variables have 256 sets, whose systems cost less than the operations of an iteration do.
MOST = 8
# The fault of a candidate that is none.
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
    y = ops.relu(-ActiveSets(matrix).solve(linear))
    return best(y, fault(y, product(y, matrix) + linear))


class ActiveSets:
    """A matrix, restricted to each set of its rows and columns: 2^K systems.

    By orthogonal factors, which exist for every matrix, and whose making asks for no look at the values on the host.
    Where the rows of a set are dependent, its solutions are as large as rounding lets them be.

    Args:
        matrix: shape `(K, K)`, with entries of at most about 1.
    """

    def __init__(self, matrix: Array):
        terms = matrix.shape[-1]
        numbers, places = ops.arange(2**terms, dtype="int32"), ops.arange(terms, dtype="int32")
        self.members = ops.cast(ops.right_shift(numbers[:, None], places) % 2, matrix.dtype)[:, None]
        identity = ops.eye(terms, dtype=matrix.dtype)
        # Rows of the identity stand for those that are left out.
        pairs = self.members * ops.transpose(self.members, (0, 2, 1))
        self.orthogonal, upper = ops.qr(pairs * (matrix - identity) + identity)
        smallest = epsilon(matrix) * identity
        self.upper = ops.where(ops.abs(upper) < smallest, smallest, upper)

    def solve(self, right: Array) -> Array:
        """y with My = r on each set, and 0 elsewhere.

        Args:
            right: r, shape `(B, K)`, or `(2^K, B, K)`.

        Returns:
            Shape `(2^K, B, K)`.
        """
        turned = ops.transpose((self.members * right) @ self.orthogonal, (0, 2, 1))
        return ops.transpose(ops.linalg.solve_triangular(self.upper, turned, lower=False), (0, 2, 1))


def fault(y: Array, slopes: Array) -> Array:
    """How far y >= 0, s >= 0 and y's = 0 are missed, of arrays of shape `(2^K, B, K)`; shape `(2^K, B)`.

    What is not a number is no candidate.
    """
    missed = ops.abs(ops.where(y < slopes, y, slopes))
    # Before the largest is taken: XLA drops what is not a number there.
    return ops.max(ops.nan_to_num(missed, nan=LARGE, posinf=LARGE), axis=-1)


def best(y: Array, faults: Array) -> Array:
    """The mean of the candidates with the smallest fault, up to rounding: of any order of the variables the same.

    Args:
        y: shape `(2^K, B, K)`.
        faults: shape `(2^K, B)`, not negative, at most about `LARGE`, which all candidates have where M is not finite.
    """
    alike = (faults <= 2.0 * ops.min(faults, axis=0) + 4.0 * epsilon(faults))[..., None]
    total = ops.sum(ops.where(alike, y, ops.zeros_like(y)), axis=0)
    return total / ops.sum(ops.cast(alike, y.dtype), axis=0)

"""The weights at which each term's progress is a power of its weight: proportional and alpha-fairness."""

from __future__ import annotations

import math

from keras import ops

from ..linalg import correlation, epsilon, product
from ..typing import Array, Gramian, Presence, Weights

# A step that would take an entry below this part of itself is shortened, so that the entry stays positive.
LEFT = 0.1
# By the measured worst case, with lengths over six decades and alpha from 0.5 to 5: 9 and 26.
ITERATIONS = {2.0**-23: 10, 2.0**-52: 32}
# Above this alpha, lengths over six decades take longer, and no entry may shrink by more than this in a step: a
# direction that is mostly rounding would bring it to 0.
STEEP, MORE, LEAST = 2.0, {2.0**-23: 24, 2.0**-52: 40}, 1e-3


def fair_point(gramian: Gramian, alpha: float, present: Presence) -> Weights:
    """Solves Ga = a^(-1/alpha) for a > 0, the minimiser of the strictly convex 1/2 a'Ga - sum_i psi(a_i).

    psi is the integral of a^(-1/alpha), the logarithm for alpha = 1. With lengths l, cosines C and y_i = l_i a_i, it is
    s = Cy, y_i s_i^alpha = l_i^(1 - alpha). Newton's method takes the second equation in logarithms, in which the
    spread of the lengths is a matter of addition, and treats y and s alike, as primal-dual methods do. The steps of y
    and of s are cut, each by itself, where an entry would come near 0.

    C carries a ridge of the size of rounding: where a combination of all gradients with positive coefficients vanishes
    (a Pareto-stationary point), no solution would exist, and the ridge's one is large along these coefficients.

    Args:
        gramian: shape `(K, K)`.
        alpha: from 0.5 to 5.
        present: shape `(K,)`, bool; a present row must not be zero.

    Returns:
        a, shape `(K,)`, positive; 0 where absent. NaN where the Gramian is not finite.
    """
    cosines, lengths = correlation(gramian, present)
    terms = gramian.shape[-1]
    identity = ops.eye(terms, dtype=cosines.dtype)
    matrix = cosines + 4.0 * epsilon(cosines) * math.sqrt(terms) * identity
    # Absent rows have the length 1.
    logarithms = ops.log(lengths)
    # Where nothing is present this is not a number, and is read by nobody.
    middle = ops.sum(logarithms) / ops.sum(ops.cast(present, cosines.dtype))
    goal = (1.0 / alpha - 1.0) * ops.where(present, logarithms - middle, ops.zeros_like(logarithms))
    powers = 1.0 / alpha + (1.0 - 1.0 / alpha) * ops.reshape(ops.arange(2, dtype=cosines.dtype), (2, 1, 1))
    start = ops.ones((2, 1, terms), dtype=cosines.dtype)
    # Everything travels in the loop's state: JAX then finds the compiled loop again, eagerly too.
    constants = (ops.stack([alpha * matrix, identity]), goal + (1.0 + 1.0 / alpha), powers, powers[0])
    rounds, step = (MORE, _steep_step) if alpha > STEEP else (ITERATIONS, _step)
    both, *_ = ops.fori_loop(0, rounds[epsilon(matrix)], step, (start, *constants))
    weights = both[0, 0] / lengths * ops.exp(middle * ((1.0 - alpha) / (1.0 + alpha)))
    return ops.where(present, weights, ops.zeros_like(weights))


def _step(_: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
    """One step of y and s, two rows of one array."""
    return state[0] * _factors(*state), *state[1:]


def _steep_step(_: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
    """The same, in which no entry shrinks to less than `LEAST` of itself."""
    return state[0] * (LEAST + ops.relu(_factors(*state) - LEAST)), *state[1:]


def _factors(both: Array, matrices: Array, goal: Array, powers: Array, inverse: Array) -> Array:
    """Newton's step on s = My and log y / alpha + log s = goal, as factors of y and s.

    Its unknown is u = (1 + dy / y) / alpha. With `lack` for what lacks in the logarithms and 1 + 1 / alpha, it solves
    (alpha MY + S) u = lack s, where Y and S are the diagonal matrices of y and s, and 1 + ds / s is lack - u.
    """
    lack = goal - ops.sum(powers * ops.log(both), axis=0)
    # Orthogonal factors, as PyTorch's other solvers wait for the device, to raise where they find a singular matrix; of
    # this matrix and not its transpose, for which the scales of y would count.
    orthogonal, upper = ops.qr(ops.sum(matrices * both, axis=0))
    turned = ops.transpose(product(lack * both[1], orthogonal))
    along = ops.transpose(ops.linalg.solve_triangular(upper, turned, lower=False))
    factors = ops.stack([along / inverse, lack - along])
    # The smallest factor decides how far to go: the whole way, or a (1 + excess)th of it.
    excess = ops.relu(LEFT - ops.min(factors, axis=-1, keepdims=True))
    return (factors + excess) / (1.0 + excess)

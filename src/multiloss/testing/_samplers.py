"""Gradients to try a balancer on: one small family of matrices for each thing that goes wrong in practice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Rows = np.ndarray


@dataclass(frozen=True)
class Sample:
    """Gradients of K terms.

    Attributes:
        name: the sampler's name.
        jacobian: shape `(K, P)`, float64, one gradient a row.
        stationary: some combination of all rows with positive coefficients is 0.
    """

    name: str
    jacobian: Rows
    stationary: bool = False


def sample_gradients(num_terms: int, seed: int = 0) -> Iterator[Sample]:
    """One matrix of every sampler, K rows each.

    Args:
        num_terms: K.
        seed: of the random numbers.

    Example:
        >>> from multiloss.testing import sample_gradients
        >>> [sample.name for sample in sample_gradients(3)][:3]
        ['random', 'wide', 'low_rank']
    """
    for name, sampler in SAMPLERS.items():
        rng = np.random.default_rng([seed, num_terms, len(name)])
        yield Sample(name, sampler(rng, num_terms), stationary=name == "strongly_stationary")


def random(rng: np.random.Generator, k: int) -> Rows:
    """Independent normal entries, twice as many columns as rows."""
    return rng.normal(size=(k, 2 * k + 1))


def wide(rng: np.random.Generator, k: int) -> Rows:
    """Normal entries in half as many dimensions as there are terms: the rows are dependent."""
    return rng.normal(size=(k, k // 2 + 1))


def low_rank(rng: np.random.Generator, k: int) -> Rows:
    """Rows in a plane."""
    return rng.normal(size=(k, 2)) @ rng.normal(size=(2, 2 * k + 1))


def rank_one(rng: np.random.Generator, k: int) -> Rows:
    """Multiples of one row, of both signs."""
    return rng.normal(size=(k, 1)) * rng.normal(size=(1, 2 * k + 1))


def aligned(rng: np.random.Generator, k: int) -> Rows:
    """Positive entries: no two rows conflict."""
    return np.abs(rng.normal(size=(k, 2 * k + 1)))


def conflicting(rng: np.random.Generator, k: int) -> Rows:
    """Most of the mean is taken away: nearly every pair of rows conflicts, yet a common descent direction is left."""
    rows = rng.normal(size=(k, 2 * k + 1))
    return rows - 0.9 * rows.mean(axis=0)


def strongly_stationary(rng: np.random.Generator, k: int) -> Rows:
    """Rows with l'J = 0 for some l > 0: no direction improves one term without harming another.

    Proof. J = (I - l l' / l'l) A, so that l'J = l'A - (l'l / l'l) l'A = 0. If J d >= 0 then l'J d = 0 is a sum of
    non-negative numbers, each of which is 0 as l > 0: so J d = 0.
    """
    positive = rng.uniform(0.5, 2.0, size=(k, 1))
    rows = rng.normal(size=(k, 2 * k + 1))
    return rows - positive @ (positive.T @ rows) / np.sum(positive**2) if k > 1 else np.zeros_like(rows)


def weakly_stationary(rng: np.random.Generator, k: int) -> Rows:
    """Two rows oppose each other, the others are free: l'J = 0 for an l >= 0 that is 0 on the free ones.

    Proof. With g_2 = -a g_1, a > 0, l = (a, 1, 0, ...) gives a g_1 - a g_1 = 0. No direction improves the first two
    terms both, so the point is Pareto-stationary; but a direction orthogonal to g_1 may improve the others.
    """
    rows = rng.normal(size=(k, 2 * k + 1))
    if k > 1:
        rows[1] = -rng.uniform(0.5, 2.0) * rows[0]
    return rows


def nearly_opposing(rng: np.random.Generator, k: int) -> Rows:
    """Two rows of one length at an angle of 179.9 degrees."""
    rows = rng.normal(size=(k, 2 * k + 1))
    if k > 1:
        unit = rows[0] / np.linalg.norm(rows[0])
        across = rows[1] - (rows[1] @ unit) * unit
        across /= np.linalg.norm(across)
        angle = np.deg2rad(179.9)
        rows[1] = np.linalg.norm(rows[0]) * (np.cos(angle) * unit + np.sin(angle) * across)
    return rows


def duplicates(rng: np.random.Generator, k: int) -> Rows:
    """Two equal rows, and one that is their double."""
    rows = rng.normal(size=(k, 2 * k + 1))
    rows[1:2] = rows[:1]
    rows[2:3] = 2.0 * rows[:1]
    return rows


def zero_rows(rng: np.random.Generator, k: int) -> Rows:
    """The last row is zero; a single row stays."""
    rows = rng.normal(size=(k, 2 * k + 1))
    if k > 1:
        rows[-1] = 0.0
    return rows


def spread(rng: np.random.Generator, k: int) -> Rows:
    """Lengths over six decades."""
    return rng.normal(size=(k, 2 * k + 1)) * 10.0 ** np.linspace(-3.0, 3.0, k)[rng.permutation(k), None]


def tiny(rng: np.random.Generator, k: int) -> Rows:
    """All lengths about 1e-12."""
    return 1e-12 * conflicting(rng, k)


def huge(rng: np.random.Generator, k: int) -> Rows:
    """All lengths about 1e12."""
    return 1e12 * conflicting(rng, k)


SAMPLERS: dict[str, Callable[[np.random.Generator, int], Rows]] = {
    sampler.__name__: sampler
    for sampler in (
        random,
        wide,
        low_rank,
        rank_one,
        aligned,
        conflicting,
        strongly_stationary,
        weakly_stationary,
        nearly_opposing,
        duplicates,
        zero_rows,
        spread,
        tiny,
        huge,
    )
}

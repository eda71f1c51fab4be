"""Gradients for the references, and the exact solutions on them, computed on the rows and not on the Gramian."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.optimize import nnls

from backend import double_precision
from multiloss.testing import Sample, sample_gradients


def samples(num_terms: int) -> Iterator[Sample]:
    """All samplers whose rows are not zero: the contract tests and `aggregate` see to those."""
    for seed in range(2 if num_terms < 20 else 1):
        for sample in sample_gradients(num_terms, seed):
            if lengths(sample.jacobian).all():
                yield sample


def lengths(rows: np.ndarray) -> np.ndarray:
    return np.linalg.norm(rows, axis=1)


def projections(rows: np.ndarray) -> np.ndarray:
    """Each row projected on {x: rows x >= 0}, by non-negative least squares on unit rows; shape (K, P)."""
    unit = rows / lengths(rows)[:, None]
    away = [nnls(unit.T, -row, maxiter=100 * len(rows))[0] for row in unit]
    return (unit + np.array(away) @ unit) * lengths(rows)[:, None]


def shortest(rows: np.ndarray) -> np.ndarray:
    """The shortest vector of the convex hull, by non-negative least squares on unit rows with one more equation."""
    share = lengths(rows).min() / lengths(rows)
    unit = rows / lengths(rows)[:, None]
    system = np.vstack([unit.T, share])
    target = np.append(np.zeros(rows.shape[1]), 1.0)
    scaled = nnls(system, target, maxiter=100 * len(rows))[0] * share
    return scaled @ rows / scaled.sum()


def float32_accuracy(rows: np.ndarray, error: Callable[[np.ndarray], float]) -> float:
    """How large the error gets in float64 when the Gramian moves by float32 rounding: thin cones move by far.

    No method that reads a Gramian in float32 can be more exact than that.

    Args:
        rows: the gradients.
        error: of the solution for a Gramian in float64.
    """
    gramian = rows @ rows.T
    found = []
    for seed in range(8):
        noise = np.random.default_rng(seed).uniform(-(2.0**-23), 2.0**-23, size=gramian.shape)
        with double_precision():
            found.append(error(gramian * (1.0 + (noise + noise.T) / 2.0)))
    return max(found)

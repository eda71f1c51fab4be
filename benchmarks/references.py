"""What each method's definition gives in float64, by other means than the solvers here, with a certificate.

Non-negative least squares on the rows (MGDA, UPGrad, DualProj,
CAGrad), Clarabel and a root finder (Nash-MTL), singular values of the
rows (IMTL-G, ConFIG, Aligned-MTL), projections of the rows (PCGrad). A certificate is the largest violation of the
conditions that only the solution meets, in lengths of the longest row; for a closed form it is what rounding leaves of
the equations. Rows are given without zero rows, the longest of them 1 long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from scipy.optimize import brentq, nnls, root

Rows = np.ndarray
# The direction and its certificate; None where the definition has no solution.
Solution = tuple["np.ndarray | Maximisers", float] | None

RADIUS = 0.5  # CAGrad's c
NONE = 1e-6  # a mixture as short as this is none
RANK = 1e-10  # singular values below this share of the largest are those of dependent rows


def lengths(rows: Rows) -> np.ndarray:
    return np.linalg.norm(rows, axis=1)


def hull(rows: Rows) -> np.ndarray:
    """The shortest vector of the convex hull."""
    sizes = lengths(rows)
    if not sizes.all():
        return np.zeros(rows.shape[1])
    share = sizes.min() / sizes
    system = np.vstack([(rows / sizes[:, None]).T, share])
    weights = nnls(system, np.append(np.zeros(rows.shape[1]), 1.0), maxiter=100 * len(rows))[0] * share
    return weights @ rows / weights.sum()


def shortest(rows: Rows) -> Solution:
    """MGDA: d alone of the hull has g_i.d >= d.d for every i, and |d - d*|^2 <= d.d - min g_i.d for any d of it."""
    vector = hull(rows)
    return vector, float(np.sqrt(max(vector @ vector - (rows @ vector).min(), 0.0)))


def projected(rows: Rows, vector: np.ndarray) -> tuple[np.ndarray, float]:
    """The closest x with g_i.x >= 0 for every i: x = v + sum of u_i g_i, u >= 0, g_i.x >= 0, u_i g_i.x = 0."""
    unit = rows / lengths(rows)[:, None]
    moved = nnls(unit.T, -vector, maxiter=100 * len(rows))[0]
    nearest = vector + moved @ unit
    slack = unit @ nearest
    return nearest, float(max(-slack.min(), np.abs(moved * slack).max(), 0.0))


def mean_of_projections(rows: Rows) -> Solution:
    """UPGrad."""
    found = [projected(rows, row) for row in rows]
    return np.mean([vector for vector, _ in found], axis=0), max(violation for _, violation in found)


def projected_mean(rows: Rows) -> Solution:
    """DualProj."""
    return projected(rows, rows.mean(axis=0))


@dataclass(frozen=True)
class Maximisers:
    """Where the worst terms oppose each other: every d of CAGrad's ball that harms none of the terms is right."""

    rows: Rows

    def distance(self, vector: np.ndarray) -> float:
        """How far outside the ball, or downhill for the worst term."""
        mean = self.rows.mean(axis=0)
        outside = np.linalg.norm(vector - mean) - RADIUS * np.linalg.norm(mean)
        return float(max(outside, -(self.rows @ vector).min(), 0.0))


def worst_in_ball(rows: Rows) -> Solution:
    """CAGrad: max of min g_i.d over |d - m| <= r = c |m|.

    Its dual, min of g_w.m + r |g_w| over mixtures g_w, is for a given s = |g_w| the shortest vector of the hull of
    g_i + (s / r) m. With any mixture, g_w.d is at most b = g_w.m + r |g_w| in the ball, and b - min g_i.d bounds the
    distance from the solution: |d - d_w|^2 <= 2 r (b - min g_i.d) / |g_w|.
    """
    mean = rows.mean(axis=0)
    radius = RADIUS * np.linalg.norm(mean)
    if radius < 1e-9:
        return None

    def mixture(size: float) -> np.ndarray:
        moved = size / radius * mean
        return hull(rows + moved) - moved

    def longer(size: float) -> float:
        return size - float(np.linalg.norm(mixture(size)))

    if longer(NONE) >= 0.0:
        return Maximisers(rows), 0.0
    towards = mixture(float(brentq(longer, NONE, 2.0, xtol=1e-15)))
    length = np.linalg.norm(towards)
    best = mean + radius * towards / length
    gap = best @ towards - (rows @ best).min()
    return best, float(np.sqrt(2.0 * radius * max(gap, 0.0) / length))


def bargained(rows: Rows) -> Solution:
    """Nash-MTL: w > 0 with w_i (G w)_i = 1, which is where |sum w_i g_i|^2 / 2 - sum log w_i is least."""
    unit = rows / lengths(rows)[:, None]
    if np.linalg.norm(hull(unit)) < 1e-6:
        return None
    own = np.linalg.qr(unit.T)[1].T  # K rows of the same inner products
    gramian = own @ own.T
    weights = cp.Variable(len(unit))
    problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(own.T @ weights) - cp.sum(cp.log(weights))))
    problem.solve(solver=cp.CLARABEL, max_iter=200)

    def residual(at: np.ndarray) -> np.ndarray:
        return np.exp(at) * (gramian @ np.exp(at)) - 1.0

    def slope(at: np.ndarray) -> np.ndarray:
        w = np.exp(at)
        return w[:, None] * gramian * w[None, :] + np.diag(w * (gramian @ w))

    polished = root(residual, np.log(np.clip(weights.value, 1e-9, None)), jac=slope, tol=1e-15).x
    vector = np.exp(polished) @ unit
    return vector / np.linalg.norm(vector), float(np.abs(residual(polished)).max())


def surgery(rows: Rows) -> Solution:
    """PCGrad in the order of the terms: the definition itself."""
    total = np.zeros(rows.shape[1])
    for index, row in enumerate(rows):
        turned = row.copy()
        for other, against in enumerate(rows):
            if other != index:
                turned -= min(turned @ against, 0.0) / (against @ against) * against
        total += turned
    return total, 0.0


def pseudo_inverse(rows: Rows) -> tuple[np.ndarray, float] | None:
    """The shortest x that comes closest to u_i.x = 1 for the unit rows; None where it is 0."""
    unit = rows / lengths(rows)[:, None]
    left, values, right = np.linalg.svd(unit, full_matrices=False)
    kept = values > RANK * values[0]
    shares = left.T @ np.ones(len(rows))
    vector = right[kept].T @ (shares[kept] / values[kept])
    if np.linalg.norm(shares[kept]) < 1e-6:
        return None
    left_over = unit.T @ (unit @ vector - 1.0)
    return vector, float(np.linalg.norm(left_over) / np.linalg.norm(vector))


def equal_projections(rows: Rows) -> Solution:
    """The direction of IMTL-G, u_i.x = 1 for every i; length 1. None where dependent rows have no such x."""
    found = pseudo_inverse(rows)
    if found is None or np.abs((rows / lengths(rows)[:, None]) @ found[0] - 1.0).max() > 1e-6:
        return None
    return found[0] / np.linalg.norm(found[0]), found[1]


def config(rows: Rows) -> Solution:
    """ConFIG: along that pseudo-inverse, as long as the projections of the rows on it add up to."""
    found = pseudo_inverse(rows)
    if found is None:
        return None
    unit = found[0] / np.linalg.norm(found[0])
    return unit * float((rows @ unit).sum()), found[1]


def aligned(rows: Rows) -> Solution:
    """The direction of Aligned-MTL: sum of the right singular vectors times those of the left; length 1."""
    left, values, right = np.linalg.svd(rows, full_matrices=False)
    kept = values > RANK * values[0]
    shares = left.T @ np.ones(len(rows))
    if np.linalg.norm(shares[kept]) < 1e-6:
        return None
    vector = right[kept].T @ shares[kept]
    # Orthonormal rows span what the gradients span: |x|^2 = sum of the shares, exactly.
    return vector / np.linalg.norm(vector), float(abs(vector @ vector / (shares[kept] @ shares[kept]) - 1.0))


REFERENCES: dict[str, Callable[[Rows], Solution]] = {
    "mgda": shortest,
    "upgrad": mean_of_projections,
    "dual_proj": projected_mean,
    "cagrad": worst_in_ball,
    "nash_mtl": bargained,
    "pcgrad": surgery,
    "imtl_g": equal_projections,
    "config": config,
    "aligned_mtl": aligned,
}
# Their lengths follow conventions that differ from library to library: directions are compared, at length 1.
DIRECTIONS = ("nash_mtl", "imtl_g", "aligned_mtl")

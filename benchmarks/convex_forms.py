"""The balancers' problems for general solvers: quadratic ones for quadprog, the others for cvxpy with Clarabel."""

from __future__ import annotations

from collections.abc import Callable

import cvxpy as cp
import numpy as np
import quadprog

Weights = np.ndarray


class UPGradQuadprog:
    """For each i: min v'Gv over v >= e_i; their mean."""

    def __init__(self, terms: int):
        self.identity = np.eye(terms)

    def __call__(self, gramian: np.ndarray) -> Weights:
        zero = np.zeros(len(gramian))
        return np.mean([quadprog.solve_qp(gramian, zero, self.identity, lower)[0] for lower in self.identity], axis=0)


class DualProjQuadprog:
    """min v'Gv over v >= 1/K."""

    def __init__(self, terms: int):
        self.identity = np.eye(terms)

    def __call__(self, gramian: np.ndarray) -> Weights:
        terms = len(gramian)
        return quadprog.solve_qp(gramian, np.zeros(terms), self.identity, np.full(terms, 1.0 / terms))[0]


class MGDAQuadprog:
    """min w'Gw over the simplex."""

    def __init__(self, terms: int):
        self.constraints = np.column_stack([np.ones(terms), np.eye(terms)])

    def __call__(self, gramian: np.ndarray) -> Weights:
        bounds = np.zeros(len(gramian) + 1)
        bounds[0] = 1.0
        return quadprog.solve_qp(gramian, np.zeros(len(gramian)), self.constraints, bounds, meq=1)[0]


class CAGradCvxpy:
    """min g_w.m + c |m| |g_w| over the simplex; w = 1/K + c |m| / |g_w| w."""

    def __init__(self, terms: int, c: float = 0.5):
        self.c = c
        self.mixture = cp.Variable(terms)
        self.root, self.towards = cp.Parameter((terms, terms)), cp.Parameter(terms)
        objective = self.mixture @ self.towards + cp.norm(self.root @ self.mixture)
        self.problem = cp.Problem(cp.Minimize(objective), [self.mixture >= 0, cp.sum(self.mixture) == 1])

    def __call__(self, gramian: np.ndarray) -> Weights:
        terms = len(gramian)
        scale = np.trace(gramian) / terms
        gramian = gramian / scale
        root = np.linalg.cholesky(gramian).T
        radius = self.c * np.sqrt(gramian.mean())
        self.root.value, self.towards.value = radius * root, gramian.mean(axis=1)
        self.problem.solve(solver=cp.CLARABEL)
        mixture = self.mixture.value
        return 1.0 / terms + radius * mixture / np.linalg.norm(root @ mixture)


class NashMTLCvxpy:
    """min a'Ga / 2 - sum of log a_i."""

    def __init__(self, terms: int):
        self.weights = cp.Variable(terms)
        self.root = cp.Parameter((terms, terms))
        objective = 0.5 * cp.sum_squares(self.root @ self.weights) - cp.sum(cp.log(self.weights))
        self.problem = cp.Problem(cp.Minimize(objective))

    def __call__(self, gramian: np.ndarray) -> Weights:
        scale = np.trace(gramian) / len(gramian)
        self.root.value = np.linalg.cholesky(gramian / scale).T
        self.problem.solve(solver=cp.CLARABEL)
        return self.weights.value / np.sqrt(scale)


FORMS: dict[str, Callable[[int], Callable[[np.ndarray], Weights]]] = {
    "upgrad": UPGradQuadprog,
    "dual_proj": DualProjQuadprog,
    "mgda": MGDAQuadprog,
    "cagrad": CAGradCvxpy,
    "nash_mtl": NashMTLCvxpy,
}

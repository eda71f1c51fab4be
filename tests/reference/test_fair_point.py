"""Nash-MTL and FairGrad against the equation that defines them, SciPy, and closed forms."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from gradients import lengths, samples
from keras import ops
from scipy.optimize import root

from backend import compiled, double_precision
from multiloss._core.solvers import fair_point
from multiloss.aggregation import FairGrad, NashMTL, aggregate, solve

ALPHAS = (0.5, 1.0, 2.0, 5.0)


@functools.cache
def _weights(alpha: float):
    return compiled(lambda gramian: fair_point(gramian, alpha, ops.ones((gramian.shape[-1],), dtype="bool")))


def weights(gramian: np.ndarray, alpha: float) -> np.ndarray:
    return ops.convert_to_numpy(_weights(alpha)(ops.convert_to_tensor(gramian))).astype(float)


def unit_gramian(rows: np.ndarray) -> np.ndarray:
    unit = rows / lengths(rows)[:, None]
    return unit @ unit.T


def regular(num_terms: int, precision: str):
    """The samples at which a solution exists by a margin that the precision can tell."""
    for sample in samples(num_terms):
        rows = sample.jacobian.astype(precision).astype(float)
        # Duplicates have a solution whatever their rank: their products are positive.
        if np.linalg.eigvalsh(unit_gramian(rows))[0] > 1e4 * np.finfo(precision).eps or sample.name == "duplicates":
            yield sample.name, rows


@pytest.mark.parametrize("alpha", ALPHAS)
def test_float64_progress_is_the_power_of_the_weight(alpha):
    # The equation itself is the certificate: the function that it minimises is strictly convex.
    compared = 0
    with double_precision():
        for num_terms in (2, 5, 40):
            for name, rows in regular(num_terms, "float64"):
                found = weights(rows @ rows.T, alpha)
                assert found.min() > 0, name
                progress = rows @ (found @ rows) / lengths(rows)
                wanted = found ** (-1.0 / alpha) / lengths(rows)
                assert np.abs(progress - wanted).max() < 1e-8 * wanted.max(), (name, num_terms)
                compared += 1
    assert compared > 25


@pytest.mark.parametrize("alpha", ALPHAS)
def test_float32_agrees_with_float64_to_1e_4_of_the_longest_row(alpha):
    compared = 0
    with double_precision():
        for num_terms in (2, 5, 40):
            for name, rows in regular(num_terms, "float32"):
                exact, found = (weights((rows @ rows.T).astype(kind), alpha) for kind in ("float64", "float32"))
                difference = (found / found.mean() - exact / exact.mean()) @ rows
                assert np.linalg.norm(difference) < 1e-4 * lengths(rows).max(), (name, num_terms)
                compared += 1
    assert compared > 25


@pytest.mark.parametrize("alpha", ALPHAS)
def test_float64_agrees_with_scipy(alpha):
    with double_precision():
        for seed in range(3):
            rows = np.random.default_rng(seed).normal(size=(4, 6))
            gramian = rows @ rows.T
            start = 1.0 / lengths(rows)
            expected = root(
                lambda logs, gramian=gramian: np.log(np.abs(gramian @ np.exp(logs))) + logs / alpha,
                np.log(weights(gramian.astype("float32"), alpha)),
                tol=1e-12,
            )
            assert expected.success
            assert start.min() > 0
            assert (gramian @ np.exp(expected.x)).min() > 0
            np.testing.assert_allclose(weights(gramian, alpha), np.exp(expected.x), rtol=1e-8)


@pytest.mark.parametrize("angle", [0.0, 60.0, 120.0, 179.0])
def test_two_bargaining_terms_have_a_closed_form(angle):
    # y^2 (1 + cos) = 1 for both, in units of their gradients.
    turned = np.deg2rad(angle)
    rows = np.array([[100.0, 0.0], [0.01 * np.cos(turned), 0.01 * np.sin(turned)]])
    with double_precision():
        found = ops.convert_to_numpy(solve(rows @ rows.T, NashMTL(normalize="none")))
    np.testing.assert_allclose(found * lengths(rows), 1.0 / np.sqrt(1.0 + np.cos(turned)), rtol=1e-9)


@pytest.mark.parametrize("num_terms", [2, 5, 20])
def test_the_update_has_the_length_root_k(num_terms):
    rows = np.random.default_rng(0).normal(size=(num_terms, 2 * num_terms)).astype("float32")
    found = ops.convert_to_numpy(aggregate(rows, NashMTL(normalize="none")))
    assert np.linalg.norm(found) == pytest.approx(np.sqrt(num_terms), rel=1e-5)


def test_alpha_1_is_the_bargaining_solution():
    rows = np.random.default_rng(1).normal(size=(5, 8)).astype("float32")
    gramian = rows @ rows.T
    found = ops.convert_to_numpy(solve(gramian, FairGrad(alpha=1.0)))
    np.testing.assert_allclose(found, ops.convert_to_numpy(solve(gramian, NashMTL())), rtol=1e-6)


def test_a_large_alpha_evens_out_the_progress():
    rows = np.random.default_rng(2).normal(size=(4, 9)).astype("float32")
    ratios = []
    for alpha in (0.5, 1.0, 5.0):
        progress = rows @ ops.convert_to_numpy(aggregate(rows, FairGrad(alpha=alpha)))
        ratios.append(progress.max() / progress.min())
    assert ratios[0] > ratios[1] > ratios[2] > 1.0


@pytest.mark.parametrize("scale", [1e-12, 1e12])
@pytest.mark.parametrize("member", [NashMTL(), FairGrad()], ids=["nash", "fair"])
def test_the_scale_of_all_gradients_changes_nothing_but_the_scale(member, scale):
    rows = np.random.default_rng(3).normal(size=(6, 9)).astype("float32")
    found = ops.convert_to_numpy(aggregate(rows * np.float32(scale), member)) / scale
    np.testing.assert_allclose(found, ops.convert_to_numpy(aggregate(rows, member)), atol=1e-4)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_stationary_point_gives_a_finite_update_near_0(alpha):
    rows = np.array([[1.0, 2.0], [-0.5, -1.0]], "float32")
    found = ops.convert_to_numpy(aggregate(rows, FairGrad(alpha=alpha)))
    assert np.linalg.norm(found) < 3e-3


@pytest.mark.parametrize("alpha", ALPHAS)
def test_float32_of_lengths_over_six_decades(alpha):
    """Each row's own equation, log w + alpha log(g.d) = 0; and finite numbers where the rows are dependent as well."""
    rng = np.random.default_rng(5)
    missed = []
    for _ in range(30):
        rows = (
            (rng.normal(size=(12, 24)) * 10.0 ** rng.uniform(-3.0, 3.0, size=(12, 1))).astype("float32").astype(float)
        )
        found = weights((rows @ rows.T).astype("float32"), alpha)
        missed.append(np.abs(np.log(found) + alpha * np.log(rows @ (found @ rows))).max())
        dependent = (rng.normal(size=(12, 4)) * 10.0 ** rng.uniform(-3.0, 3.0, size=(12, 1))).astype("float32")
        assert np.isfinite(weights(dependent @ dependent.T, alpha)).all()
    assert np.median(missed) < (5e-2 if alpha > 2.0 else 1e-2), missed

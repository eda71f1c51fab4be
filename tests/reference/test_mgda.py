"""MGDA against non-negative least squares, its certificate, and the closed form for two terms."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import lengths, samples, shortest
from keras import ops

from backend import compiled, double_precision
from multiloss._core.solvers import min_norm_point
from multiloss.aggregation import MGDA, aggregate, solve


@compiled
def _weights(gramian):
    return min_norm_point(gramian, ops.ones((gramian.shape[-1],), dtype="bool"))


def weights(gramian: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(_weights(ops.convert_to_tensor(gramian))).astype(float)


@pytest.mark.parametrize("num_terms", [1, 2, 3, 5, 8, 10, 40])
def test_float64_finds_the_shortest_vector_to_1e_8_of_the_longest_row(num_terms):
    with double_precision():
        for sample in samples(num_terms):
            rows = sample.jacobian
            error = np.linalg.norm(weights(rows @ rows.T) @ rows - shortest(rows)) / lengths(rows).max()
            assert error < 1e-8, (sample.name, error)


@pytest.mark.parametrize("num_terms", [2, 3, 5, 8, 10, 40])
def test_float64_proves_its_own_optimality(num_terms):
    # The shortest vector x is the one in the hull with g_i'x >= x'x for every i.
    with double_precision():
        for sample in samples(num_terms):
            rows = sample.jacobian
            found = weights(rows @ rows.T)
            assert found.min() >= 0, sample.name
            assert found.sum() == pytest.approx(1.0, abs=1e-12)
            combined = found @ rows
            lack = (combined @ combined - (rows @ combined).min()) / lengths(rows).max() ** 2
            assert lack < 1e-9, (sample.name, lack)


@pytest.mark.parametrize("num_terms", [2, 3, 5, 8, 10, 40])
def test_float32_finds_it_to_1e_4_of_the_longest_row(num_terms):
    for sample in samples(num_terms):
        rows = sample.jacobian.astype("float32").astype(float)
        found = weights((rows @ rows.T).astype("float32"))
        error = np.linalg.norm(found @ rows - shortest(rows)) / lengths(rows).max()
        assert error < 1e-4, (sample.name, error)


@pytest.mark.parametrize("seed", range(5))
def test_two_terms_have_a_closed_form(seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(2, 3)) * 10.0 ** rng.uniform(-2, 2, size=(2, 1))
    gramian = rows @ rows.T
    first = (gramian[1, 1] - gramian[0, 1]) / (gramian[0, 0] + gramian[1, 1] - 2 * gramian[0, 1])
    first = np.clip(first, 0.0, 1.0)
    found = ops.convert_to_numpy(solve(gramian.astype("float32"), MGDA(normalize="none")))
    np.testing.assert_allclose(found, [first, 1.0 - first], atol=2e-5)


def test_lengths_over_six_decades_are_told_apart():
    # For orthogonal gradients, w_i is proportional to 1 / |g_i|^2; the error counts against the shortest of them.
    rows = np.diag(10.0 ** np.arange(-3.0, 4.0)).astype("float32")
    expected = 1.0 / lengths(rows.astype(float)) ** 2
    found = ops.convert_to_numpy(aggregate(rows, MGDA(normalize="none")))
    np.testing.assert_allclose(found, (expected / expected.sum()) @ rows, atol=1e-4 * 1e-3)


def test_a_zero_row_does_not_stop_the_others():
    rows = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]], "float32")
    np.testing.assert_allclose(ops.convert_to_numpy(aggregate(rows, MGDA(normalize="none"))), [0.5, 0.5], atol=1e-5)

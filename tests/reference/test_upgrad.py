"""UPGrad against non-negative least squares on the rows, and against its optimality conditions."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from gradients import float32_accuracy, lengths, projections, samples
from keras import ops

from backend import compiled, double_precision
from multiloss._core.solvers import lower_bounded_quadratic
from multiloss.aggregation import UPGrad, aggregate


@compiled
def _each(gramian):
    terms = gramian.shape[-1]
    return lower_bounded_quadratic(gramian, ops.eye(terms, dtype=gramian.dtype), ops.ones((terms,), dtype="bool"))


@functools.cache
def _combined(normalize: str):
    return compiled(lambda rows: aggregate(rows, UPGrad(normalize=normalize)))


def combined(rows: np.ndarray, normalize: str = "none") -> np.ndarray:
    """Through the public function, compiled."""
    return ops.convert_to_numpy(_combined(normalize)(rows))


def each(gramian: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(_each(ops.convert_to_tensor(gramian))).astype(float)


@pytest.mark.parametrize("num_terms", [1, 2, 3, 5, 8, 10, 40])
def test_float64_finds_every_projection_to_1e_8_of_its_row(num_terms):
    with double_precision():
        for sample in samples(num_terms):
            rows = sample.jacobian
            error = lengths(each(rows @ rows.T) @ rows - projections(rows)) / lengths(rows)
            assert error.max() < 1e-8, (sample.name, error.max())


@pytest.mark.parametrize("num_terms", [2, 3, 5, 8, 10, 40])
def test_float64_satisfies_the_optimality_conditions(num_terms):
    # v >= u, Gv >= 0 and (v - u)'Gv = 0 together prove that v is optimal, whatever solver is asked.
    with double_precision():
        for sample in samples(num_terms):
            rows = sample.jacobian / lengths(sample.jacobian)[:, None]
            weights = each(rows @ rows.T)
            slopes = weights @ rows @ rows.T
            above = weights - np.eye(len(rows))
            assert above.min() >= 0, sample.name
            assert slopes.min() > -1e-8, (sample.name, slopes.min())
            assert np.abs(np.sum(above * slopes, axis=1)).max() < 1e-9, sample.name


@pytest.mark.parametrize("num_terms", [2, 3, 5, 8, 10, 40])
def test_float32_finds_every_projection_to_1e_4_of_the_longest_row(num_terms):
    for sample in samples(num_terms):
        rows = sample.jacobian.astype("float32").astype(float)

        def error(gramian, rows=rows):
            return lengths(each(gramian) @ rows - projections(rows)).max() / lengths(rows).max()

        found = error((rows @ rows.T).astype("float32"))
        assert found < 1e-4 or found < 3.0 * float32_accuracy(rows, error), (sample.name, found)


@pytest.mark.parametrize("angle", [90.0, 120.0, 179.0, 179.9])
def test_float32_projects_two_nearly_opposing_rows(angle):
    turned = np.deg2rad(angle)
    rows = np.array([[1.0, 0.0, 0.0], [np.cos(turned), np.sin(turned), 0.0]], "float32").astype(float)
    error = lengths(each((rows @ rows.T).astype("float32")) @ rows - projections(rows))
    assert error.max() < 1e-4


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
def test_the_scale_of_all_gradients_changes_nothing_but_the_scale(scale):
    rows = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    found = combined(rows * np.float32(scale), "sum_to_k") / scale
    np.testing.assert_allclose(found, combined(rows, "sum_to_k"), rtol=2e-4, atol=2e-4)


def test_two_conflicting_gradients_have_a_closed_form():
    # Each loses its component along the other, as for two terms in PCGrad; UPGrad then takes the mean.
    first, second = np.array([1.0, 0.5]), np.array([-1.0, 0.25])
    expected = (
        first - first @ second / (second @ second) * second + second - second @ first / (first @ first) * first
    ) / 2
    found = combined(np.stack([first, second]).astype("float32"))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_without_conflict_it_is_the_plain_mean():
    rows = np.abs(np.random.default_rng(1).normal(size=(7, 5))).astype("float32")
    found = combined(rows)
    np.testing.assert_allclose(found, rows.mean(axis=0), rtol=1e-5)


def test_a_zero_row_counts_as_absent():
    rows = np.random.default_rng(2).normal(size=(4, 6)).astype("float32")
    zero = np.insert(rows, 2, 0.0, axis=0)
    np.testing.assert_allclose(combined(zero), combined(rows), rtol=1e-4)

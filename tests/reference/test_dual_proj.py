"""DualProj against non-negative least squares on the rows, and against its optimality conditions."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import float32_accuracy, lengths, samples
from keras import ops
from scipy.optimize import nnls

from backend import compiled, double_precision
from multiloss.aggregation import DualProj, UPGrad, aggregate, solve

_solve = compiled(lambda gramian: solve(gramian, DualProj(normalize="none")))


def weights(gramian: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(_solve(ops.convert_to_tensor(gramian))).astype(float)


def projected(rows: np.ndarray, direction: np.ndarray) -> np.ndarray:
    unit = rows / lengths(rows)[:, None]
    return direction + nnls(unit.T, -direction, maxiter=100 * len(rows))[0] @ unit


@pytest.mark.parametrize("num_terms", [2, 5, 8, 40])
def test_float64_agrees_to_1e_8_of_the_longest_row(num_terms):
    with double_precision():
        for sample in samples(num_terms):
            rows = sample.jacobian
            found = weights(rows @ rows.T)
            error = np.linalg.norm(found @ rows - projected(rows, rows.mean(axis=0))) / lengths(rows).max()
            assert error < 1e-8, (sample.name, error)
            # v >= 1/K, Gv >= 0 and (v - 1/K)'Gv = 0, in units of the gradients.
            slopes = rows @ (found @ rows) / lengths(rows) / lengths(rows).max()
            above = (found - 1.0 / num_terms) * lengths(rows) / lengths(rows).max()
            assert above.min() > -1e-15, sample.name
            assert slopes.min() > -1e-8, sample.name
            assert np.abs(above * slopes).max() < 1e-9, sample.name


@pytest.mark.parametrize("num_terms", [2, 5, 8, 40])
def test_float32_agrees_to_1e_4_of_the_longest_row(num_terms):
    for sample in samples(num_terms):
        rows = sample.jacobian.astype("float32").astype(float)

        def error(gramian, rows=rows):
            return np.linalg.norm(weights(gramian) @ rows - projected(rows, rows.mean(axis=0))) / lengths(rows).max()

        found = error((rows @ rows.T).astype("float32"))
        assert found < 1e-4 or found < 3.0 * float32_accuracy(rows, error), (sample.name, found)


def test_preferences_weigh_the_mean():
    rows = np.random.default_rng(0).normal(size=(3, 2))
    preferences = np.array([3.0, 1.0, 2.0])
    with double_precision():
        found = ops.convert_to_numpy(aggregate(rows, DualProj(preferences=preferences.tolist(), normalize="none")))
    np.testing.assert_allclose(found, projected(rows, preferences @ rows / 3.0), atol=1e-9)


def test_a_long_gradient_silences_the_others_unlike_in_upgrad():
    # The mean is in conflict with the short row, whose own gradient UPGrad would have kept in part.
    rows = np.array([[100.0, 0.0], [-0.5, 0.1]], "float32")
    single = ops.convert_to_numpy(aggregate(rows, DualProj(normalize="none")))
    each = ops.convert_to_numpy(aggregate(rows, UPGrad(normalize="none")))
    np.testing.assert_allclose(rows[1] @ single, 0.0, atol=1e-4)
    assert rows[1] @ each > 2e-3

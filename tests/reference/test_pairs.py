"""The closed forms for two terms against the general methods, which see the same two beside an absent third."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from gradients import lengths
from keras import ops

from backend import compiled, double_precision
from multiloss._core.solvers import min_norm_point, nonnegative_quadratic, worst_in_ball
from multiloss.testing import sample_gradients

METHODS = {
    "mgda": lambda gramian, present: min_norm_point(gramian, present),
    "cagrad": lambda gramian, present: worst_in_ball(gramian, 0.5, present),
    "cagrad_wide": lambda gramian, present: worst_in_ball(gramian, 0.9, present),
}


@functools.cache
def _solver(name):
    return compiled(METHODS[name])


def weights(name, gramian, present):
    return ops.convert_to_numpy(_solver(name)(ops.convert_to_tensor(gramian), ops.convert_to_tensor(present)))


@pytest.mark.parametrize("name", METHODS)
def test_two_terms_are_balanced_as_two_of_three(name):
    with double_precision():
        for seed in range(8):
            for sample in sample_gradients(2, seed):
                rows = sample.jacobian
                if not lengths(rows).all():
                    continue
                padded = np.zeros((3, 3))
                padded[:2, :2] = rows @ rows.T
                pair = weights(name, rows @ rows.T, np.array([True, True]))
                general = weights(name, padded, np.array([True, True, False]))
                assert general[2] == 0.0
                distance = np.linalg.norm((pair - general[:2]) @ rows) / lengths(rows).max()
                # Near a stationary point the general method leaves the root of its gap.
                assert distance < 1e-6, (sample.name, distance)


@pytest.mark.parametrize("present", [[True, False], [False, True], [False, False]])
@pytest.mark.parametrize("name", METHODS)
def test_an_absent_one_of_two(name, present):
    alone = {"mgda": 1.0, "cagrad": 1.5, "cagrad_wide": 1.9}[name]
    gramian = np.where(np.outer(present, present), [[4.0, -1.0], [-1.0, 1.0]], np.nan).astype("float32")
    found = weights(name, gramian, np.array(present))
    np.testing.assert_allclose(found, alone * np.array(present), rtol=1e-6)


def test_every_set_of_positive_variables_is_found():
    rng = np.random.default_rng(0)
    with double_precision():
        seen = set()
        for _ in range(60):
            rows = rng.normal(size=(2, 3))
            rows /= lengths(rows)[:, None]
            matrix, linear = rows @ rows.T, rng.normal(size=(5, 2))
            found = ops.convert_to_numpy(nonnegative_quadratic(*map(ops.convert_to_tensor, (matrix, linear))))
            slopes = found @ matrix + linear
            # y >= 0, s >= 0 and y s = 0 prove the minimum of a convex quadratic.
            assert found.min() >= 0
            assert slopes.min() > -1e-10
            assert np.abs(found * slopes).max() < 1e-10
            seen |= {tuple(row) for row in (found > 0).tolist()}
    assert len(seen) == 4


@pytest.mark.parametrize("name", METHODS)
def test_what_is_not_finite_stays_so(name):
    gramian = np.array([[1.0, np.nan], [np.nan, 1.0]], "float32")
    assert np.isnan(weights(name, gramian, np.array([True, True]))).all()

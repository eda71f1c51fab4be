"""Aligned-MTL against the singular value decomposition of the rows, as in the paper."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from gradients import lengths, samples
from keras import ops

from backend import compiled, double_precision
from multiloss.aggregation import AlignedMTL, solve

MODES = ("min", "median", "rmse")


@functools.cache
def _weights(mode: str):
    balancer = AlignedMTL(scale_mode=mode, normalize="none")
    return compiled(lambda gramian: solve(gramian, balancer))


def weights(mode: str, gramian: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(_weights(mode)(ops.convert_to_tensor(gramian))).astype(float)


def aligned(rows: np.ndarray, mode: str, preferences: np.ndarray | None = None) -> np.ndarray:
    """sigma U V' in place of U S V', summed by the preferences."""
    left, values, right = np.linalg.svd(rows, full_matrices=False)
    kept = values > 1e-5 * values[0]
    left, values, right = left[:, kept], values[kept], right[kept]
    size = {
        "min": values[-1],
        "median": np.sort(values)[(len(values) - 1) // 2],
        "rmse": np.sqrt(np.mean(values**2)),
    }[mode]
    inside = (np.ones(len(rows)) if preferences is None else preferences) @ left
    return size * inside @ right if np.linalg.norm(inside) > 1e-6 * np.sqrt(len(rows)) else 0.0 * right[0]


def away_from_the_rank_threshold(rows: np.ndarray, precision: float) -> bool:
    values = np.linalg.svd(rows, compute_uv=False)
    share = (values / values[0]) ** 2
    return not np.any((share > 1e-2 * precision) & (share < 1e5 * precision))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-8), ("float32", 1e-4)])
def test_agrees_to_a_fraction_of_the_longest_row(mode, precision, tolerance):
    compared = 0
    with double_precision():
        for num_terms in (2, 5, 40):
            for sample in samples(num_terms):
                rows = sample.jacobian.astype(precision).astype(float)
                if not away_from_the_rank_threshold(rows, np.finfo(precision).eps):
                    continue
                expected = aligned(rows, mode)
                error = np.linalg.norm(weights(mode, (rows @ rows.T).astype(precision)) @ rows - expected)
                assert error < tolerance * max(lengths(rows).max(), np.linalg.norm(expected)), (sample.name, error)
                compared += 1
    assert compared > 40


def test_preferences_multiply_the_aligned_gradients():
    rows = np.random.default_rng(0).normal(size=(3, 7))
    preferences = [3.0, 1.0, 2.0]
    with double_precision():
        balancer = AlignedMTL(preferences=preferences, normalize="none")
        found = ops.convert_to_numpy(solve(rows @ rows.T, balancer)) @ rows
    np.testing.assert_allclose(found, aligned(rows, "min", np.array(preferences)), rtol=1e-9)


def test_the_scale_mode_changes_the_length_alone():
    rows = np.random.default_rng(1).normal(size=(4, 9)).astype("float32")
    found = [ops.convert_to_numpy(solve(rows @ rows.T, AlignedMTL(scale_mode=mode))) for mode in MODES]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-5)


def test_gradients_that_are_orthogonal_and_of_one_length_are_added():
    found = weights("min", 9.0 * np.eye(4, dtype="float32"))
    np.testing.assert_allclose(found, np.ones(4), rtol=1e-6)


def test_opposing_gradients_stop_the_update():
    rows = np.array([[1.0, 2.0], [-1.0, -2.0]], "float32")
    np.testing.assert_array_equal(weights("min", rows @ rows.T), [0.0, 0.0])

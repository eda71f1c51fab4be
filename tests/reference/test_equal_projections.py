"""IMTL-G and ConFIG against the pseudo-inverse of the unit rows, which uses no Gramian."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from gradients import lengths, samples
from keras import ops

from backend import compiled, double_precision
from multiloss.aggregation import IMTLG, ConFIG, solve

MEMBERS = {"imtl_g": IMTLG, "config": ConFIG}
NUM_TERMS = [2, 5, 40]


@functools.cache
def _weights(name: str):
    balancer = MEMBERS[name](normalize="none")
    return compiled(lambda gramian: solve(gramian, balancer))


def weights(name: str, gramian: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(_weights(name)(ops.convert_to_tensor(gramian))).astype(float)


def away_from_the_rank_threshold(rows: np.ndarray, precision: float) -> bool:
    """No singular value of the unit rows that is neither large enough to be there nor small enough to be rounding."""
    values = np.linalg.svd(rows / lengths(rows)[:, None], compute_uv=False)
    share = (values / values[0]) ** 2
    return not np.any((share > 1e-2 * precision) & (share < 1e5 * precision))


def along(rows: np.ndarray, preferences: np.ndarray) -> np.ndarray:
    """The direction with these cosines, up to its length; zeros where nothing but rounding is left."""
    unit = rows / lengths(rows)[:, None]
    direction = np.linalg.pinv(unit, rcond=1e-5) @ preferences
    return direction if np.linalg.norm(unit @ direction) > 1e-6 * np.linalg.norm(preferences) else 0.0 * direction


def projected_sum(rows: np.ndarray, preferences: np.ndarray) -> np.ndarray:
    """ConFIG's update."""
    direction = along(rows, preferences)
    if not direction.any():
        return direction
    direction /= np.linalg.norm(direction)
    total = np.sum(rows @ direction)
    return total * direction if abs(total) > 1e-6 * lengths(rows).sum() else 0.0 * direction


def impartial(rows: np.ndarray) -> np.ndarray:
    """IMTL-G's weights: those of least length in units of the gradients, absolute values summing to 1."""
    unit = rows / lengths(rows)[:, None]
    weights = np.linalg.lstsq(unit.T, along(rows, np.ones(len(rows))), rcond=1e-5)[0] / lengths(rows)
    return weights / max(np.abs(weights).sum(), 1e-30)


REFERENCES = {
    "imtl_g": lambda rows: impartial(rows) @ rows,
    "config": lambda rows: projected_sum(rows, np.ones(len(rows))),
}


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("num_terms", NUM_TERMS)
def test_float64_agrees_to_1e_8_of_the_longest_row(name, num_terms):
    compared = 0
    with double_precision():
        for sample in samples(num_terms):
            rows = sample.jacobian
            if not away_from_the_rank_threshold(rows, 2.0**-52):
                continue
            error = np.linalg.norm(weights(name, rows @ rows.T) @ rows - REFERENCES[name](rows)) / lengths(rows).max()
            assert error < 1e-8, (sample.name, error)
            compared += 1
    assert compared >= 10


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("num_terms", NUM_TERMS)
def test_float32_agrees_to_1e_4_of_the_longest_row(name, num_terms):
    compared = 0
    for sample in samples(num_terms):
        rows = sample.jacobian.astype("float32").astype(float)
        if not away_from_the_rank_threshold(rows, 2.0**-23):
            continue
        expected = REFERENCES[name](rows)
        error = np.linalg.norm(weights(name, (rows @ rows.T).astype("float32")) @ rows - expected)
        assert error < 1e-4 * max(lengths(rows).max(), np.linalg.norm(expected)), (sample.name, error)
        compared += 1
    assert compared >= 8


@pytest.mark.parametrize("num_terms", [2, 5, 20])
def test_projections_are_equal_and_positive_for_independent_gradients(num_terms):
    rows = np.random.default_rng(num_terms).normal(size=(num_terms, 2 * num_terms + 1))
    rows *= 10.0 ** np.linspace(-3, 3, num_terms)[:, None]
    with double_precision():
        for name in MEMBERS:
            projections = rows / lengths(rows)[:, None] @ (weights(name, rows @ rows.T) @ rows)
            assert projections.min() > 0
            np.testing.assert_allclose(projections, projections.mean(), rtol=1e-8)


def test_preferences_are_the_ratios_of_the_cosines():
    rows = np.random.default_rng(0).normal(size=(3, 7))
    preferences = [3.0, 1.0, 2.0]
    with double_precision():
        found = ops.convert_to_numpy(solve(rows @ rows.T, ConFIG(preferences=preferences, normalize="none"))) @ rows
    cosines = rows @ found / lengths(rows)
    np.testing.assert_allclose(cosines / cosines[1], preferences, rtol=1e-9)
    np.testing.assert_allclose(found, projected_sum(rows, np.array(preferences)), rtol=1e-9)


@pytest.mark.parametrize("name", MEMBERS)
def test_opposing_gradients_stop_the_update(name):
    rows = np.array([[1.0, 2.0], [-2.0, -4.0]], "float32")
    np.testing.assert_array_equal(weights(name, rows @ rows.T), [0.0, 0.0])


@pytest.mark.parametrize("normalize", ["none", "sum_to_k"])
def test_the_update_never_turns_uphill_where_weights_cancel(normalize):
    # w is proportional to C^+ 1 / |g|, (0.2, -0.02 x 100) up to a factor: its sum is negative.
    first, second = np.array([1.0, 0.0]), 0.01 * np.array([0.9, np.sqrt(1 - 0.81)])
    rows = np.stack([100.0 * first, second, 0.5 * np.array([0.99, -np.sqrt(1 - 0.99**2)])])[:2]
    rows = np.stack([rows[0], rows[1], 0.01 * (rows[0] / 100.0 + rows[1] * 100.0) + np.array([0.0, 1e-3])])
    unit = np.hstack([rows / lengths(rows)[:, None], 0.1 * np.eye(3)])
    rows = unit * np.array([[1.0], [1.0], [1e-2]])
    with double_precision():
        found = ops.convert_to_numpy(solve(rows @ rows.T, IMTLG(normalize=normalize)))
    assert found.sum() < 0
    assert (rows @ (found @ rows)).min() > 0

"""What must hold for any gradients, searched by Hypothesis."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import ops

from backend import compiled
from multiloss._core import registry
from multiloss.aggregation import aggregate

TERMS, SIZE = 4, 6
entries = st.floats(-1.0, 1.0, width=32).map(lambda value: value if abs(value) > 1e-3 else 0.0)
jacobians = arrays("float32", (TERMS, SIZE), elements=entries)


def _without_noise(entry):
    """The first case of a member that draws no noise."""
    return next(case for case in entry.cases if entry.cls(**case).noise_shape(TERMS) is None)


AGGREGATORS = {
    entry.name: functools.partial(entry.cls, **_without_noise(entry))
    for entry in registry.members("balancer")
    if entry.cls.needs.name == "GRAMIAN"
}
seeded = settings(derandomize=True, max_examples=60, deadline=None, database=None)


@functools.cache
def compiled_aggregate(name: str, normalize: str):
    balancer = AGGREGATORS[name](normalize=normalize)
    return compiled(lambda rows: aggregate(rows, balancer))


def combine(name: str, rows: np.ndarray, normalize: str = "sum_to_k") -> np.ndarray:
    return ops.convert_to_numpy(compiled_aggregate(name, normalize)(ops.convert_to_tensor(rows))).astype(float)


def longest(rows: np.ndarray) -> float:
    return float(np.linalg.norm(rows, axis=1).max()) or 1.0


@pytest.mark.parametrize("name", AGGREGATORS)
@seeded
@given(rows=jacobians)
def test_is_finite_and_no_longer_than_k_rows(name, rows):
    combined = combine(name, rows)
    assert np.isfinite(combined).all()
    assert np.linalg.norm(combined) <= TERMS * longest(rows) * (1 + 1e-5)


@pytest.mark.parametrize("name", AGGREGATORS)
@seeded
@given(rows=jacobians, exponent=st.integers(-30, 30))
def test_the_scale_passes_through(name, rows, exponent):
    factor = np.float32(2.0**exponent)
    np.testing.assert_allclose(combine(name, rows * factor) / factor, combine(name, rows), atol=1e-5 * longest(rows))


@pytest.mark.parametrize("name", ["mgda", "upgrad", "dual_proj", "nash_mtl", "fairgrad"])
@seeded
@given(rows=jacobians)
def test_no_term_gets_worse(name, rows):
    products = rows.astype(float) @ combine(name, rows)
    assert products.min() >= -2e-3 * longest(rows) ** 2


@pytest.mark.parametrize("name", ["mgda", "upgrad", "pcgrad", "dual_proj", "primary_first"])
@seeded
@given(rows=jacobians)
def test_rows_that_do_not_conflict_are_averaged_or_shortened(name, rows):
    combined = combine(name, np.abs(rows), normalize="none")
    present = np.linalg.norm(rows, axis=1) > 0
    total = np.abs(rows).astype(float).sum(axis=0)
    if name in ("pcgrad", "primary_first"):
        np.testing.assert_allclose(combined, total, atol=1e-5)
    elif name in ("upgrad", "dual_proj"):
        np.testing.assert_allclose(combined, total / max(present.sum(), 1), atol=1e-4)
    elif present.any():
        assert np.linalg.norm(combined) <= np.linalg.norm(rows[present], axis=1).min() * (1 + 1e-4)


@seeded
@given(rows=jacobians)
def test_mgda_is_shorter_than_every_point_of_the_hull(rows):
    rows = rows[np.linalg.norm(rows, axis=1) > 0]
    if not len(rows):
        return
    padded = np.vstack([rows, np.zeros((TERMS - len(rows), SIZE), "float32")])
    length = np.linalg.norm(combine("mgda", padded, normalize="none"))
    mixtures = np.random.default_rng(0).dirichlet(np.ones(len(rows)), size=50) @ rows
    assert length <= np.linalg.norm(mixtures, axis=1).min() + 1e-3 * longest(rows)


@pytest.mark.parametrize("name", AGGREGATORS)
@seeded
@given(rows=arrays("float32", (2, SIZE), elements=entries))
def test_two_equal_rows_keep_their_direction(name, rows):
    twice = np.vstack([rows[:1], rows[:1], np.zeros((TERMS - 2, SIZE), "float32")])
    np.testing.assert_allclose(combine(name, twice), 2.0 * rows[0], atol=1e-5)

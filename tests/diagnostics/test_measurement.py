"""The numbers of a diagnosis against formulas on gradients that are known."""

import numpy as np
import pytest

from multiloss.diagnostics._measurement import Measurement

pytestmark = pytest.mark.one_backend


class Stand:
    """A probe with the attributes that a measurement reads."""

    def __init__(self, gradients, losses, weights, present=None, private=0.0):
        rows = np.asarray(gradients, "float64")
        count = len(rows)
        self.names = tuple("abcd"[:count])
        self.balanced = np.ones(count, bool)
        self.losses = np.asarray(losses, "float64")
        self.weights = np.asarray(weights, "float64")
        self.present = np.ones(count, bool) if present is None else np.asarray(present)
        self.labelled = self.present.astype("float64")
        self.gramian = rows @ rows.T
        self.norms = np.sqrt((rows**2).sum(axis=1) + private**2)
        self.connected = (("trunk",),) * count
        self.shared = ("trunk",)


def measured(*probes, counted=None):
    return Measurement.of(probes, [True] * len(probes[0].names) if counted is None else counted)


@pytest.fixture
def pair():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(3, 2, 5))
    weights = np.array([2.0, 0.1])
    return rows, weights, measured(*[Stand(row, [1.0, 30.0], weights) for row in rows])


def test_shares_and_contributions(pair):
    rows, weights, found = pair
    lengths = np.linalg.norm(rows * weights[:, None], axis=2).mean(axis=0)
    np.testing.assert_allclose(found.mean_lengths(), lengths)
    np.testing.assert_allclose(found.shares(), lengths / lengths.sum())
    np.testing.assert_allclose(found.contributions(), [2.0 / 5.0, 3.0 / 5.0])


def test_cosines_conflicts_and_similarities(pair):
    rows, weights, found = pair
    lengths = np.linalg.norm(rows, axis=2)
    cosines = np.einsum("bp,bp->b", rows[:, 0], rows[:, 1]) / lengths.prod(axis=1)
    np.testing.assert_allclose(found.mean_cosines(), [[1, cosines.mean()], [cosines.mean(), 1]])
    assert found.conflicts()[0, 1] == (cosines < 0).mean()
    a, b = (lengths * weights).T
    np.testing.assert_allclose(found.similarities()[0, 1], (2 * a * b / (a**2 + b**2)).mean())


def test_a_negative_weight_turns_the_cosine():
    found = measured(Stand([[1.0, 0.0], [1.0, 0.0]], [1, 1], [1.0, -2.0]))
    assert found.mean_cosines()[0, 1] == -1.0
    assert found.shares()[1] == pytest.approx(2 / 3)


def test_condition_numbers(pair):
    rows, weights, found = pair
    raw = [np.linalg.cond(weights[:, None] * (row @ row.T) * weights) for row in rows]
    unit = rows / np.linalg.norm(rows, axis=2, keepdims=True)
    assert found.condition(normalised=False) == pytest.approx(np.median(raw))
    assert found.condition(normalised=True) == pytest.approx(np.median([np.linalg.cond(row @ row.T) for row in unit]))


def test_who_is_made_worse():
    # The sum is (3, 1): against the second, along the first and the third.
    found = measured(Stand([[5.0, 0.0], [-2.0, 0.0], [0.0, 1.0]], [1, 1, 1], [1, 1, 1]))
    assert found.worsened().tolist() == [[0.0, 1.0, 0.0]]
    counted = measured(Stand([[5.0, 0.0], [-2.0, 0.0], [0.0, 1.0]], [1, 1, 1], [1, 1, 1]), counted=[False, True, True])
    assert counted.worsened()[0, 1] == 0.0
    assert np.isnan(counted.shares()[0])
    assert counted.shares()[1] == pytest.approx(2 / 3)


def test_absent_and_non_finite_terms_do_not_count():
    there = Stand([[3.0, 0.0], [0.0, 1.0]], [1, 1], [1, 1])
    gone = Stand([[3.0, 0.0], [0.0, 0.0]], [1, 0], [1, 1], present=[True, False])
    broken = Stand([[3.0, 0.0], [np.nan, 1.0]], [1, np.nan], [1, 1])
    found = measured(there, gone, broken)
    np.testing.assert_allclose(found.mean_lengths(), [3.0, 1.0])
    assert found.conflicts()[0, 1] == 0.0
    assert found.usable.tolist() == [[True, True], [True, False], [True, False]]
    never = measured(gone)
    assert np.isnan(never.shares()[1])
    assert np.isnan(never.mean_cosines()[0, 1])
    assert np.isnan(never.condition(normalised=True))


def test_rounding_is_no_conflict():
    found = measured(Stand([[1.0, 0.0], [-1e-8, 1.0]], [1, 1], [1, 1]))
    assert found.conflicts()[0, 1] == 0.0

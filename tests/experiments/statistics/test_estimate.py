"""Means with their intervals, and tests, against SciPy."""

import sys

import numpy as np
import pytest
from scipy import stats

from multiloss.experiments.statistics._interval import estimate, p_value

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize("count", [2, 3, 4, 12])
def test_interval_is_scipys(count):
    values = np.random.default_rng(count).normal(3.0, 2.0, count)
    found = estimate(list(values))
    expected = stats.t.interval(0.95, count - 1, loc=values.mean(), scale=stats.sem(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.interval == pytest.approx(expected)
    assert found.count == count


@pytest.mark.parametrize("count", [2, 3, 12])
def test_p_value_is_scipys(count):
    values = np.random.default_rng(count).normal(0.5, 1.0, count)
    assert p_value(list(values)) == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue)


def test_interval_covers_the_truth_as_often_as_it_says():
    generator = np.random.default_rng(0)
    covered = [
        low <= 1.0 <= high for low, high in (estimate(list(generator.normal(1.0, 5.0, 3))).interval for _ in range(600))
    ]
    # 600 draws of probability 0.95: the standard error is 0.009.
    assert 0.92 < np.mean(covered) < 0.98


def test_one_value_has_no_interval_and_none_has_no_mean():
    assert (estimate([4.0]).mean, estimate([4.0]).interval) == (4.0, None)
    assert (estimate([]).mean, estimate([]).interval, estimate([]).count) == (None, None, 0)


def test_without_scipy_the_error_says_which_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(ImportError, match=r"multiloss\[compare\]"):
        estimate([1.0, 2.0])

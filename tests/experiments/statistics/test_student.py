"""Quantiles and intervals against SciPy."""

import numpy as np
import pytest
from scipy import stats

from multiloss.experiments.statistics._interval import estimate
from multiloss.experiments.statistics._student import central_probability, t_quantile

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 6, 9, 10, 31, 100])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_quantile_is_scipys(degrees, confidence):
    assert t_quantile(confidence, degrees) == pytest.approx(stats.t.ppf((1 + confidence) / 2, degrees), rel=1e-9)


@pytest.mark.parametrize("degrees", [1, 2, 7, 8])
def test_central_probability_is_scipys(degrees):
    for t in (0.0, 0.3, 1.0, 4.0, 50.0):
        expected = 1 - 2 * stats.t.sf(t, degrees)
        assert central_probability(t, degrees) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("confidence", "degrees"), [(0.0, 3), (1.0, 3), (0.95, 0)])
def test_quantile_refuses_what_has_none(confidence, degrees):
    with pytest.raises(ValueError, match="Received"):
        t_quantile(confidence, degrees)


@pytest.mark.parametrize("count", [2, 3, 4, 12])
def test_interval_is_scipys(count):
    values = np.random.default_rng(count).normal(3.0, 2.0, count)
    found = estimate(list(values))
    expected = stats.t.interval(0.95, count - 1, loc=values.mean(), scale=stats.sem(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.interval == pytest.approx(expected)
    assert found.count == count


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

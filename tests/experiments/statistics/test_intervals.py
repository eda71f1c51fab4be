"""Intervals, p values, their correction and ranks, against SciPy and against simulation."""

import itertools

import numpy as np
import pytest
from scipy import stats

from multiloss.experiments import Comparison, Run
from multiloss.experiments.statistics._bootstrap import FEWEST, bootstrap
from multiloss.experiments.statistics._interval import estimate, p_value
from multiloss.experiments.statistics._mean_rank import mean_ranks
from multiloss.experiments.statistics._multiple import holm
from multiloss.experiments.statistics._seeds_needed import seeds_needed
from multiloss.problems import Score

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize("count", [2, 3, 8])
def test_interval_and_p_value_are_student_s(count):
    values = np.random.default_rng(count).normal(0.4, 1.0, size=count)
    found = stats.ttest_1samp(values, 0.0)
    assert estimate(values.tolist()).interval == pytest.approx(tuple(found.confidence_interval(0.95)))
    assert p_value(values.tolist()) == pytest.approx(found.pvalue)


def test_p_value_of_values_that_do_not_scatter():
    assert (p_value([0.0, 0.0]), p_value([0.1, 0.1]), p_value([0.1])) == (1.0, 0.0, None)


def test_too_few_values_are_not_resampled():
    values = np.random.default_rng(0).normal(size=FEWEST).tolist()
    assert bootstrap(values[:-1], 0.95) is None
    assert estimate(values).bootstrap == bootstrap(values, 0.95)


def test_the_resampled_interval_approaches_student_s():
    values = np.random.default_rng(1).normal(2.0, 0.5, size=40)
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert bootstrap(values.tolist(), 0.95) == pytest.approx((low, high), abs=0.02)


def test_the_resampled_interval_ends_at_hesterberg_s_quantiles():
    """Of all 6^6 resampled means, of which the tail is Phi(-sqrt(n / (n - 1)) t(n - 1)), not Phi(-t(n - 1))."""
    gains = np.random.default_rng(7).normal(0.1, 0.2, size=6)
    runs = [Run("fixed", seed, {"score": 1.0}) for seed in range(6)]
    runs += [Run("other", seed, {"score": 1.0 + gain}) for seed, gain in enumerate(gains.tolist())]
    comparison = Comparison("made", "fixed", {"score": "max"}, runs)
    found = next(entry for entry in comparison.summary if entry.balancer == "other").improvement
    low, high = found.bootstrap
    means = np.mean(list(itertools.product(gains, repeat=6)), axis=1)
    tail = stats.norm.cdf(-np.sqrt(6 / 5) * stats.t.ppf(0.975, 5))
    error = 4.0 * np.sqrt(tail / 10_000)  # four standard errors of 10,000 draws
    assert stats.norm.cdf(-stats.t.ppf(0.975, 5)) > tail + error
    assert np.mean(means <= low) == pytest.approx(tail, abs=error)
    assert np.mean(means >= high) == pytest.approx(tail, abs=error)


def test_intervals_keep_their_promise():
    """How often they hold the true mean of eight normal values: both nearly 95 times in 100."""
    generator = np.random.default_rng(2)
    draws = generator.normal(size=(300, 8))
    student = resampled = 0
    for values in draws:
        found = estimate(values.tolist())
        student += not found.excludes_zero()
        resampled += not found.resampled_excludes_zero()
    # Three standard errors of 300 draws are 0.038.
    assert student / 300 == pytest.approx(0.95, abs=0.04)
    assert resampled / 300 == pytest.approx(0.95, abs=0.04)


def test_holm_rejects_as_the_procedure_says():
    generator = np.random.default_rng(3)
    for _ in range(100):
        p = generator.uniform(0.0, 0.2, size=6) ** 2
        rejected = set()
        # Step by step, as in the paper: the smallest against 5 % / m, the next against 5 % / (m - 1), ...
        for place, index in enumerate(np.argsort(p)):
            if p[index] >= 0.05 / (6 - place):
                break
            rejected.add(int(index))
        adjusted = holm({str(index): value for index, value in enumerate(p.tolist())})
        assert {int(label) for label, value in adjusted.items() if value < 0.05} == rejected
    assert holm({"a": 0.01, "b": None}) == {"a": 0.01, "b": None}


def test_mean_ranks_are_those_of_scipy():
    generator = np.random.default_rng(4)
    values = generator.integers(0, 4, size=(3, 5, 2)).astype(float)  # seeds, contenders, metrics; with ties
    runs = [
        Run(f"c{place}", seed, {"up": float(values[seed, place, 0]), "down": float(values[seed, place, 1])})
        for seed in range(3)
        for place in range(5)
    ]
    expected = np.mean([[stats.rankdata(-v[:, 0]), stats.rankdata(v[:, 1])] for v in values], axis=(0, 1))
    found = mean_ranks(runs, {"up": Score("max"), "down": Score("min")})
    assert list(found.values()) == pytest.approx(expected.tolist())


def test_failed_runs_share_the_last_place():
    runs = [Run("a", 0, {"mae": 1.0}), Run("b", 0, {"mae": 0.5}, error="x"), Run("c", 0, error="y")]
    assert mean_ranks(runs, {"mae": Score("min")}) == {"a": 1.0, "b": 2.5, "c": 2.5}


def test_so_many_seeds_do_show_a_difference_of_that_size():
    """By repetition: normal values with the measured mean and scatter, and SciPy's own test."""
    values = [0.5, 1.0, 1.5, 3.0, -1.0]
    mean, spread = np.mean(values), np.std(values, ddof=1)
    for comparisons in (1, 5):
        needed = seeds_needed(values, comparisons)
        shares = []
        for count in (needed - 2, needed):
            drawn = np.random.default_rng(3).normal(mean, spread, size=(20_000, count))
            shares.append(np.mean(stats.ttest_1samp(drawn, 0.0, axis=1).pvalue < 0.05 / comparisons))
        assert shares[0] < 0.8 + 0.01
        assert shares[1] == pytest.approx(0.8, abs=0.04)
        assert shares[1] > 0.8 - 0.01


def test_no_number_of_seeds_where_it_would_be_no_advice():
    assert seeds_needed([1.0]) is None
    assert seeds_needed([0.0, 0.0, 0.0]) is None
    assert seeds_needed([1.0, -1.0, 0.001]) is None

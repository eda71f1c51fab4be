"""Improvement, rank and verdict from runs made by hand."""

import numpy as np
import pytest
from scipy import stats

from multiloss.experiments import Comparison, Run
from multiloss.experiments._improvement import improvement, relative_change

SCORE = {"accuracy": "max", "error": "min"}


def runs_of(balancer, metrics, **more):
    return [
        Run(balancer, seed, {"accuracy": accuracy, "error": error}, **more)
        for seed, (accuracy, error) in enumerate(metrics)
    ]


def comparison_of(*runs):
    return Comparison("made", "fixed", SCORE, [run for group in runs for run in group])


def standing(comparison, balancer):
    return next(entry for entry in comparison.summary if entry.balancer == balancer)


def test_improvement_is_the_signed_mean_relative_change():
    generator = np.random.default_rng(1)
    for _ in range(50):
        own, base = generator.normal(size=(2, 2)) * 10.0 ** generator.integers(-3, 4)
        expected = np.mean(np.array([1.0, -1.0]) * (own - base) / np.abs(base))
        found = improvement(dict(zip(SCORE, own, strict=True)), dict(zip(SCORE, base, strict=True)), SCORE)
        assert found == pytest.approx(expected)


def test_a_baseline_of_zero_is_guarded():
    assert relative_change(0.2, 0.0, "max") is None
    assert relative_change(0.0, 0.0, "max") == 0.0
    assert improvement({"accuracy": 0.6, "error": 1.0}, {"accuracy": 0.5, "error": 0.0}, SCORE) == pytest.approx(0.2)
    assert improvement({"accuracy": 0.6}, {"accuracy": 0.0, "error": 0.0}, SCORE) is None


def test_pairs_are_formed_by_seed():
    base = runs_of("fixed", [(0.5, 2.0), (0.25, 4.0)])
    other = runs_of("other", [(0.55, 2.0), (0.30, 4.0)])
    found = comparison_of(base, list(reversed(other)))
    assert [run.improvement for run in found.runs] == pytest.approx([0.0, 0.0, 0.1, 0.05])


def test_verdict_agrees_with_a_paired_t_test():
    generator = np.random.default_rng(5)
    words = set()
    for shift in np.linspace(-0.3, 0.3, 25):
        base = generator.uniform(0.4, 0.6, size=(5, 2))
        own = base * (1.0 + np.array([shift, -shift]) + generator.normal(0.0, 0.1, size=(5, 2)))
        found = comparison_of(runs_of("fixed", base.tolist()), runs_of("other", own.tolist()))
        gains = np.mean(np.array([1.0, -1.0]) * (own - base) / base, axis=1)
        p_value = stats.ttest_1samp(gains, 0.0).pvalue
        expected = "not distinguishable" if p_value > 0.05 else "better" if gains.mean() > 0 else "worse"
        verdict = standing(found, "other")
        assert verdict.verdict == expected
        assert expected in verdict.sentence
        words.add(expected)
    assert words == {"better", "worse", "not distinguishable"}


def test_ranks_and_headline():
    base = [(0.50, 1.00), (0.52, 1.02), (0.48, 0.98)]
    found = comparison_of(
        runs_of("fixed", base),
        runs_of("good", [(a * 1.20, e * 0.80) for a, e in base]),
        runs_of("bad", [(a * 0.90, e * 1.10) for a, e in base]),
    )
    assert [(entry.balancer, entry.rank) for entry in found.summary] == [("good", 1), ("fixed", 2), ("bad", 3)]
    assert found.headline == "good is better; bad is worse than fixed."
    assert standing(found, "good").changes["error"].mean == pytest.approx(0.2)
    assert "accuracy (+20.0 %)" in standing(found, "good").sentence
    assert any("good" in step for step in found.next_steps)


def test_one_seed_gives_no_interval_and_no_verdict():
    found = comparison_of(runs_of("fixed", [(0.5, 1.0)]), runs_of("other", [(0.6, 1.0)]))
    other = standing(found, "other")
    assert (other.verdict, other.improvement.interval) == ("too few seeds", None)
    assert other.improvement.mean == pytest.approx(0.1)
    assert found.false_alarm is None
    assert any("--seeds" in step for step in found.next_steps)


def test_failed_runs_are_left_out_and_named():
    base = runs_of("fixed", [(0.5, 1.0), (0.5, 1.0), (0.5, 1.0)])
    half = [*runs_of("half", [(0.6, 1.0), (0.7, 1.0)]), Run("half", 2, error="ValueError: not finite")]
    none = [Run("none", seed, error="ValueError: not finite") for seed in range(3)]
    found = comparison_of(base, half, none)
    assert standing(found, "half").improvement.mean == pytest.approx(0.15)
    assert "1 of 3 runs failed" in standing(found, "half").sentence
    assert (standing(found, "none").verdict, standing(found, "none").rank) == ("failed", None)
    assert found.summary[-1].balancer == "none"


def test_without_a_baseline_nothing_is_claimed():
    found = comparison_of(
        [Run("fixed", seed, error="ValueError: no") for seed in range(2)], runs_of("other", [(0.6, 1.0), (0.7, 1.0)])
    )
    assert standing(found, "other").improvement.mean is None
    assert "nothing can be compared" in found.headline


def test_the_chance_of_a_false_alarm_grows_with_the_verdicts():
    base = [(0.5, 1.0), (0.6, 1.1)]
    found = comparison_of(*(runs_of(name, base) for name in ("fixed", "a", "b", "c")))
    assert found.false_alarm == pytest.approx(1 - 0.95**3)


def test_time_is_the_median_over_seeds_and_the_ratio_to_the_baseline():
    slow = [Run("slow", seed, {"accuracy": 0.5, "error": 1.0}, seconds_per_step=s) for seed, s in enumerate((3, 4, 9))]
    fast = runs_of("fixed", [(0.5, 1.0)] * 3, seconds_per_step=2.0)
    found = comparison_of(fast, slow)
    assert standing(found, "slow").seconds_per_step == 4.0
    assert standing(found, "slow").slowdown == pytest.approx(2.0)

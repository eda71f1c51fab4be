"""Improvement, rank and verdict from runs made by hand."""

import numpy as np
import pytest
from scipy import stats

from multiloss.experiments import Comparison, Run
from multiloss.experiments.statistics import improvement
from multiloss.problems import Score

pytestmark = pytest.mark.one_backend

SCORE = {"accuracy": Score("max"), "error": Score("min")}


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
    assert other.p_value is None
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


def test_many_comparisons_are_corrected():
    """One of fifteen that has an interval without zero by chance is not called better."""
    base = [(0.50, 1.00), (0.52, 1.02), (0.48, 0.98), (0.51, 1.01)]
    lucky = [(a * f, e) for (a, e), f in zip(base, (1.02, 1.05, 1.06, 1.03), strict=True)]
    alike = [[(a * f, e) for (a, e), f in zip(base, (0.98, 1.02, 1.01, 0.99), strict=True)] for _ in range(14)]
    alone = standing(comparison_of(runs_of("fixed", base), runs_of("lucky", lucky)), "lucky")
    others = [runs_of(f"other {place}", metrics) for place, metrics in enumerate(alike)]
    among = standing(comparison_of(runs_of("fixed", base), runs_of("lucky", lucky), *others), "lucky")
    assert alone.verdict == "better"
    assert among.improvement == alone.improvement
    assert among.improvement.excludes_zero()
    assert among.verdict == "not distinguishable"
    assert among.p_value == pytest.approx(15 * alone.p_value)
    assert "among 15 comparisons" in among.sentence


def test_many_that_say_the_same_share_a_sentence():
    base = [(0.5, 1.0), (0.6, 1.1)]
    for count, sentences in ((3, 4), (6, 2)):
        alike = [runs_of(f"m{place}", base) for place in range(count)]
        found = comparison_of(runs_of("fixed", base), *alike).statements
        assert len(found) == sentences
        text = " ".join(claim.sentence for claim in found)
        assert all(f"m{place} " in text for place in range(count))
    single = comparison_of(*(runs_of(name, base[:1]) for name in ("fixed", "a", "b", "c", "d")))
    assert " ".join(claim.sentence for claim in single.statements).count("One seed says nothing about chance") == 1


def test_balancers_are_measured_against_tuned_weights_too():
    base = [(0.50, 1.00), (0.52, 1.02), (0.48, 0.98)]

    def scaled(*factors):
        return [(a * f, e) for (a, e), f in zip(base, factors, strict=True)]

    tuned = runs_of("tuned", scaled(1.40, 1.41, 1.42))
    found = comparison_of(runs_of("fixed", base), runs_of("good", scaled(1.42, 1.41, 1.40)), tuned)
    assert "good is not shown to be better than tuned fixed weights" in found.headline
    assert any(step.startswith("Use the tuned fixed weights") for step in found.next_steps)
    found = comparison_of(runs_of("fixed", base), runs_of("good", scaled(1.80, 1.81, 1.82)), tuned)
    assert "good is better than tuned fixed weights as well" in found.headline
    assert any("better than fixed, and than tuned fixed weights" in step for step in found.next_steps)


def test_a_best_mean_and_a_best_rank_that_differ_are_named():
    base = [(0.50, 1.00), (0.52, 1.02), (0.48, 0.98)]
    found = comparison_of(
        runs_of("fixed", base),
        runs_of("one-sided", [(a * 2.0, e * 1.1) for a, e in base]),
        runs_of("steady", [(a * 1.1, e * 0.9) for a, e in base]),
        runs_of("third", [(a * 0.9, e * 0.95) for a, e in base]),
    )
    assert found.summary[0].balancer == "one-sided"
    assert min(found.summary, key=lambda entry: entry.mean_rank).balancer == "steady"
    assert any("steady" in step and "mean rank" in step for step in found.next_steps)


def test_a_metric_that_decides_alone_is_named():
    """As seen: an overlap that rises from almost nothing counts thousands of per cent, and nothing else matters."""
    base = [(0.0045, 1.0), (0.0050, 1.0), (0.0048, 1.0)]
    risen = [(0.07, 1.1), (0.08, 1.1), (0.075, 1.1)]
    (caution,) = comparison_of(runs_of("fixed", base), runs_of("other", risen)).cautions
    assert caution.startswith("accuracy decides: of the sizes of all changes, 99.")
    bounded = {"accuracy": Score("max", ideal=1.0), "error": Score("min")}
    runs = [*runs_of("fixed", base), *runs_of("other", risen)]
    found = Comparison("made", "fixed", bounded, runs)
    assert found.cautions == []
    assert standing(found, "other").changes["accuracy"].mean == pytest.approx(
        np.mean([1 - (1 - b[0]) / (1 - a[0]) for a, b in zip(base, risen, strict=True)])
    )
    assert standing(found, "other").improvement.mean < 0.0  # the error's rise by a tenth weighs more


def test_time_is_the_median_over_seeds_and_the_ratio_to_the_baseline():
    slow = [Run("slow", seed, {"accuracy": 0.5, "error": 1.0}, seconds_per_step=s) for seed, s in enumerate((3, 4, 9))]
    fast = runs_of("fixed", [(0.5, 1.0)] * 3, seconds_per_step=2.0)
    found = comparison_of(fast, slow)
    assert standing(found, "slow").seconds_per_step == 4.0
    assert standing(found, "slow").slowdown == pytest.approx(2.0)


def test_no_ratio_is_given_where_the_times_of_a_step_overlap():
    """As seen: x0.64 for the same computation, on a machine that did something else meanwhile."""

    def timed(balancer, steps):
        return [Run(balancer, seed, {"accuracy": 0.5, "error": 1.0}, None, steps[1], tuple(steps)) for seed in range(2)]

    busy = standing(comparison_of(timed("fixed", [2.0, 3.0, 9.0]), timed("other", [1.0, 2.0, 2.5])), "other")
    assert busy.slowdown is None
    assert busy.middle_steps == pytest.approx(tuple(np.quantile([1.0, 2.0, 2.5] * 2, [0.25, 0.75])))
    idle = standing(comparison_of(timed("fixed", [2.0, 2.1, 9.0]), timed("other", [1.0, 1.1, 5.0])), "other")
    assert idle.slowdown is None  # 9 and 5: still in each other's middle half
    apart = standing(comparison_of(timed("fixed", [2.0, 2.1, 2.2]), timed("other", [1.0, 1.1, 1.2])), "other")
    assert apart.slowdown == pytest.approx(1.1 / 2.1)

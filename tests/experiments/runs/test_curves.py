"""Curves over the seeds, against NumPy."""

import numpy as np
import pytest

from multiloss.experiments import Run
from multiloss.experiments.runs._curves import curve, share, still_falling, term_names

pytestmark = pytest.mark.one_backend


def test_mean_and_range_over_seeds():
    values = np.random.default_rng(0).normal(size=(4, 6))
    runs = [Run("a", seed, history={"x_loss": list(row)}) for seed, row in enumerate(values)]
    found = curve(runs, "a", "x_loss")
    assert found.mean == pytest.approx(list(values.mean(axis=0)))
    assert found.low == pytest.approx(list(values.min(axis=0)))
    assert found.high == pytest.approx(list(values.max(axis=0)))
    assert curve(runs, "b", "x_loss") is None


def test_missing_values_and_short_histories():
    runs = [Run("a", 0, history={"x_loss": [1.0, None, 3.0]}), Run("a", 1, history={"x_loss": [3.0]}, error="stopped")]
    found = curve(runs, "a", "x_loss")
    assert found.mean == [2.0, None, 3.0]
    assert found.high == [3.0, None, 3.0]


def test_terms_are_those_with_loss_and_weight():
    history = {"b_loss": [1.0], "b_weight": [1.0], "loss": [1.0], "a/x_loss": [2.0], "a/x_weight": [1.0]}
    history |= {"val_b_loss": [1.0], "c_loss": [1.0]}
    assert term_names([Run("a", 0, history=history)]) == ["b", "a/x"]


def test_shares_are_parts_of_the_weighted_sum():
    generator = np.random.default_rng(3)
    losses, weights = generator.uniform(0.1, 9.0, size=(2, 3, 2, 5))  # terms, seeds, epochs
    runs = [
        Run(
            "a",
            seed,
            history={f"t{k}_loss": list(losses[k, seed]) for k in range(3)}
            | {f"t{k}_weight": list(weights[k, seed]) for k in range(3)},
        )
        for seed in range(2)
    ]
    sizes = losses * weights
    expected = (sizes / sizes.sum(axis=0)).mean(axis=1)
    for k in range(3):
        assert share(runs, "a", f"t{k}") == pytest.approx(list(expected[k]))


def test_still_falling_needs_most_runs():
    def falling(*ends):
        return still_falling([Run("a", seed, history={"val_loss": [2.0, 1.0, end]}) for seed, end in enumerate(ends)])

    assert falling(0.5, 0.6, 1.5)
    assert not falling(0.5, 1.6, 1.5)
    assert not falling()

"""Closed-form uncertainty weighting and random weighting against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from loss_histories import Follow, random_history, softmax
from scipy import stats

from multiloss.weighting import RandomWeighting, UncertaintySoftmax


@pytest.mark.parametrize("temperature", [1.0, 20.0])
def test_fifty_steps_of_the_closed_form(temperature):
    losses, present = random_history(5, steps=50, num_terms=4)
    follow = Follow(UncertaintySoftmax(temperature, normalize="none"), 4)
    for now, here in zip(losses, present, strict=True):
        expected = np.zeros(4)
        if here.any():
            expected[here] = softmax(1.0 / now[here] / temperature)
        np.testing.assert_allclose(follow(now, here), expected, rtol=1e-3, atol=1e-7)


def test_small_losses_do_not_overflow():
    for temperature in (1e-6, 1.0, 1e6):
        for losses, expected in (
            ([0.0, 1.0, 0.0], [1.5, 0.0, 1.5]),
            ([1e-38, 1e-3, 1.0], [3.0, 0.0, 0.0]),
            ([-1.0, 1.0, 1.0], [3.0, 0.0, 0.0]),
            ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
        ):
            weights = Follow(UncertaintySoftmax(temperature), 3)(losses)
            np.testing.assert_allclose(weights, expected, atol=1e-6)


def test_large_losses_are_weighed_equally():
    np.testing.assert_allclose(Follow(UncertaintySoftmax(), 2)([1e4, 2e4]), np.ones(2), atol=1e-3)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), None])
def test_a_temperature_must_be_positive(temperature):
    with pytest.raises(ValueError, match=r"`temperature`.*Received"):
        UncertaintySoftmax(temperature)


def test_fifty_steps_of_random_weighting():
    rng = np.random.default_rng(6)
    losses, present = random_history(6, steps=50, num_terms=5)
    follow = Follow(RandomWeighting(normalize="none"), 5)
    for now, here in zip(losses, present, strict=True):
        noise = rng.random(5)
        expected = np.zeros(5)
        if here.any():
            expected[here] = softmax(stats.norm.ppf(noise[here]))
        np.testing.assert_allclose(follow(now, here, noise=noise), expected, rtol=1e-4)


def test_the_noise_is_normal_and_no_term_is_favoured():
    # 2000 terms in one step: the logarithms of their weights are normal numbers, up to a constant.
    noise = np.random.default_rng(7).random(2000)
    weights = Follow(RandomWeighting(normalize="none"), 2000)(np.ones(2000), noise=noise)
    logs = np.log(weights)
    assert np.std(logs) == pytest.approx(1.0, abs=0.05)
    assert stats.kstest(logs - np.mean(logs), "norm").pvalue > 0.01
    assert np.sum(weights) == pytest.approx(1.0, abs=1e-5)


def test_the_ends_of_the_uniform_noise_are_finite():
    weights = Follow(RandomWeighting(), 3)([1.0, 1.0, 1.0], noise=[0.0, np.nextafter(np.float32(1), 0), 0.5])
    assert np.isfinite(weights).all()
    assert weights[0] < weights[2] < weights[1]


def test_random_weighting_asks_for_its_noise():
    with pytest.raises(ValueError, match=r"shape \(2,\) for RandomWeighting"):
        Follow(RandomWeighting(), 2)([1.0, 1.0])

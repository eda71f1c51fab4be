"""Coefficient-of-variation weighting against its formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from loss_histories import Follow, random_history

from multiloss.weighting import CoV


def weights_of_past(decay, count):
    """The shares with which past values count, oldest first: equal, or falling by `decay` after a debiased start."""
    shares = np.zeros(0)
    for number in range(1, count + 1):
        share = 1.0 / number if decay is None else max(1.0 - decay, 1.0 / number)
        shares = np.append(shares * (1.0 - share), share)
    return shares


def coefficient(losses, decay):
    """sigma(l) / mean(l) of the loss ratios, each over the mean of the losses before it."""
    means = [np.dot(weights_of_past(decay, step), losses[:step]) for step in range(1, len(losses))]
    ratios = np.append(1.0, np.array(losses[1:]) / means)
    shares = weights_of_past(decay, len(ratios))
    mean = np.dot(shares, ratios)
    return np.sqrt(np.dot(shares, (ratios - mean) ** 2) + 1e-8) / mean


@pytest.mark.parametrize("decay", [None, 0.9, 0.3])
def test_sixty_steps_follow_the_formulas_with_terms_absent(decay):
    losses, present = random_history(0, steps=60, num_terms=3)
    follow = Follow(CoV(decay, normalize="none"), 3)
    seen = [[], [], []]
    for now, here in zip(losses, present, strict=True):
        known = [term for term in np.flatnonzero(here) if len(seen[term]) >= 2]
        expected = np.where(here, 1.0 / max(np.sum(here), 1), 0.0)
        if known:
            coefficients = np.array([coefficient(seen[term], decay) for term in known])
            expected[known] *= len(known) * coefficients / np.sum(coefficients)
        np.testing.assert_allclose(follow(now, here), expected, rtol=1e-3)
        for term in np.flatnonzero(here):
            seen[term].append(now[term])


def test_the_variance_is_the_population_variance():
    # Ratios of 1, 1.5 and 0.8: with all past steps NumPy's own functions are the reference.
    losses = [2.0, 3.0, 2.0, 9.0]
    follow = Follow(CoV(), 1)
    for loss in losses[:3]:
        follow([loss])
    ratios = np.array([1.0, 3.0 / 2.0, 2.0 / 2.5])
    assert follow.remembered()["variance"][0] == pytest.approx(np.var(ratios), rel=1e-5)
    assert follow.remembered()["mean"][0] == pytest.approx(np.mean(ratios), rel=1e-5)


def test_a_decay_weighs_the_variance_like_the_mean():
    # The official code lets the sum of squares grow and divides by all steps: noise of long ago never goes.
    rng = np.random.default_rng(0)
    follow = Follow(CoV(decay=0.9), 1)
    for loss in [*rng.uniform(0.1, 10.0, size=100), *np.full(300, 2.0)]:
        follow([loss])
    assert follow.remembered()["variance"][0] < 1e-8


def test_the_first_two_steps_are_uniform():
    follow = Follow(CoV(), 2)
    for losses in ([1.0, 1.0], [1.0, 0.1]):
        np.testing.assert_array_equal(follow(losses), np.ones(2))
    assert follow([1.0, 0.1])[1] > 1.5


def test_each_term_may_have_its_own_unit():
    losses, present = random_history(2, steps=30, num_terms=3)
    one, other = (Follow(CoV(), 3) for _ in range(2))
    for now, here in zip(losses, present, strict=True):
        np.testing.assert_allclose(one(now, here), other(now * np.array([1.0, 2.0**-30, 2.0**20]), here), rtol=1e-6)


def test_constant_losses_and_zeros_are_uniform():
    follow = Follow(CoV(), 3)
    for _ in range(20):
        weights = follow([3.0, 0.0, 1e-20])
    np.testing.assert_allclose(weights, np.ones(3), rtol=1e-3)


def test_losses_that_change_sign_stay_finite():
    follow = Follow(CoV(), 2)
    for losses in ([1.0, 1.0], [-1.0, 2.0], [0.5, -3.0], [-0.5, 0.0], [1.0, 1.0]):
        weights = follow(losses)
        assert np.isfinite(weights).all()
        assert (weights >= 0).all()


@pytest.mark.parametrize("decay", [0.0, 1.0, -1.0])
def test_wrong_arguments_are_refused(decay):
    with pytest.raises(ValueError, match="Received"):
        CoV(decay)

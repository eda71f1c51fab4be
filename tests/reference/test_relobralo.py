"""ReLoBRaLo against its formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from loss_histories import Follow, random_history, softmax

from multiloss.weighting import ReLoBRaLo


def balanced(losses, reference, here, temperature):
    """K softmax(L / (T L')) over the present terms, 0 elsewhere."""
    weights = np.zeros(len(losses))
    ratios = losses[here] / np.array([reference[term] for term in np.flatnonzero(here)])
    weights[here] = np.sum(here) * softmax(ratios / temperature)
    return weights


@pytest.mark.parametrize(
    ("alpha", "rho", "temperature"), [(0.999, 0.99, 1.0), (0.5, 0.5, 0.5), (0.9, 0.0, 2.0), (1.0, 1.0, 1.0)]
)
def test_sixty_steps_follow_the_formulas_with_terms_absent(alpha, rho, temperature):
    losses, present = random_history(0, steps=60, num_terms=3)
    noise = np.random.default_rng(1).random(60).astype("float32")
    follow = Follow(ReLoBRaLo(alpha, rho, temperature=temperature, normalize="none"), 3)
    kept, first, last, count = np.ones(3), {}, {}, np.zeros(3)
    for step in range(60):
        now, here = losses[step], present[step]
        for term in np.flatnonzero(here & (count == 0)):
            first[term] = last[term] = now[term]
        if here.any():
            recent = balanced(now, last, here, temperature)
            draw = float(noise[step] < rho)
            looked = draw * kept + (1 - draw) * balanced(now, first, here, temperature)
            alphas = np.where(count == 0, 1.0, np.where(count == 1, 0.0, alpha))
            weights = np.where(count == 0, 1.0, alphas * looked + (1 - alphas) * recent)
            kept = np.where(here, weights, kept)
        count += here
        np.testing.assert_allclose(follow(now, here, noise=noise[step]), np.where(here, kept, 0.0), rtol=2e-4)
        last.update({term: now[term] for term in np.flatnonzero(here)})


def test_the_first_steps_are_the_authors_schedule():
    # Weights of 1, then the relative losses alone, then mostly what was.
    follow = Follow(ReLoBRaLo(alpha=0.999, rho=1.0, normalize="none"), 2)
    np.testing.assert_array_equal(follow([8.0, 8.0], noise=0.5), [1.0, 1.0])
    second = 2 * softmax(np.array([1.0, 0.5]))
    np.testing.assert_allclose(follow([8.0, 4.0], noise=0.5), second, rtol=1e-5)
    third = 0.999 * second + 0.001 * 2 * softmax(np.array([0.25, 1.0]))
    np.testing.assert_allclose(follow([2.0, 4.0], noise=0.5), third, rtol=1e-5)


def test_the_weights_sum_to_k_in_every_step():
    losses = random_history(2, steps=50, num_terms=4)[0]
    noise = np.random.default_rng(3).random(50)
    follow = Follow(ReLoBRaLo(0.9, 0.8, normalize="none"), 4)
    sums = [np.sum(follow(now, noise=draw)) for now, draw in zip(losses, noise, strict=True)]
    np.testing.assert_allclose(sums, 4.0, rtol=1e-5)


def test_rho_is_the_probability_of_keeping_the_weights():
    # alpha = 1 keeps what was, or looks back to the first loss: the weights move when the noise is at least rho.
    follow = Follow(ReLoBRaLo(alpha=1.0, rho=0.25, normalize="none"), 2)
    follow([1.0, 1.0], noise=0.0)
    before = follow([1.0, 0.5], noise=0.0)
    np.testing.assert_array_equal(follow([1.0, 0.1], noise=0.2), before)
    np.testing.assert_allclose(follow([1.0, 0.1], noise=0.3), 2 * softmax(np.array([1.0, 0.1])), rtol=1e-5)


def test_each_term_may_have_its_own_unit():
    losses, present = random_history(4, steps=30, num_terms=3)
    noise = np.random.default_rng(5).random(30)
    one, other = (Follow(ReLoBRaLo(0.9, 0.5), 3) for _ in range(2))
    for now, here, draw in zip(losses, present, noise, strict=True):
        # Powers of two: the ratios are the same to the last digit.
        np.testing.assert_array_equal(
            one(now, here, noise=draw), other(now * np.array([1.0, 2.0**-30, 2.0**20]), here, noise=draw)
        )


def test_a_first_loss_of_zero_has_no_ratio():
    # Other implementations divide by it, or by 1e-12, and all weight goes to that term.
    follow = Follow(ReLoBRaLo(alpha=0.5, rho=0.0), 2)
    for losses in ([0.0, 1.0], [3.0, 1.0]):
        weights = follow(losses, noise=0.5)
    np.testing.assert_allclose(weights, [1.0, 1.0], rtol=1e-6)


@pytest.mark.parametrize("arguments", [{"alpha": 1.1}, {"rho": -0.1}, {"temperature": 0.0}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        ReLoBRaLo(**arguments)

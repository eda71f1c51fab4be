"""GradNorm against descent on its objective by finite differences, and against what other forms of it get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from gradient_histories import random_norms
from loss_histories import Follow, random_history

from multiloss.aggregation import GradNorm


class Reference:
    """The paper's Algorithm 1, its gradient taken numerically, in units of the longest gradient."""

    def __init__(self, num_terms, alpha, learning_rate):
        self.weights, self.initial = np.ones(num_terms), np.full(num_terms, np.nan)
        self.alpha, self.learning_rate = alpha, learning_rate

    def update(self, losses, norms, here):
        if not here.any():
            return
        fresh = here & np.isnan(self.initial)
        self.initial[fresh] = losses[fresh]
        left = losses[here] / self.initial[here]
        unit = norms[here] / norms[here].max()
        weights = self.weights[here]
        targets = np.mean(weights * unit) * (left / np.mean(left)) ** self.alpha

        def objective(point):
            return np.sum(np.abs(point * unit - targets))

        nudges = 1e-7 * np.eye(len(weights))
        slopes = np.array([(objective(weights + nudge) - objective(weights - nudge)) / 2e-7 for nudge in nudges])
        moved = np.clip(weights - self.learning_rate * slopes, 1e-3, None)
        self.weights[here] = moved * (len(here) - self.weights[~here].sum()) / moved.sum()


@pytest.mark.parametrize(("num_terms", "alpha", "learning_rate"), [(2, 1.5, 0.025), (3, 0.12, 0.2), (5, 0.0, 0.025)])
def test_sixty_steps_follow_the_objective(num_terms, alpha, learning_rate):
    losses, present = random_history(0, steps=60, num_terms=num_terms)
    norms = random_norms(0, 60, num_terms)
    follow = Follow(GradNorm(alpha, learning_rate, normalize="none"), num_terms)
    reference = Reference(num_terms, alpha, learning_rate)
    for now, here, lengths in zip(losses, present, norms, strict=True):
        weights = follow(now, here, norms=lengths)
        np.testing.assert_allclose(weights, np.where(here, reference.weights, 0.0), rtol=1e-3, atol=1e-5)
        reference.update(now, lengths, here)
    assert np.ptp(reference.weights) > 0.1
    np.testing.assert_allclose(follow.remembered()["weights"].sum(), num_terms, rtol=1e-5)


def test_the_norms_become_equal_where_the_terms_train_alike():
    follow, norms = Follow(GradNorm(learning_rate=0.03), 3), np.array([2.0, 1.0, 1.5])
    for step in range(60):
        weights = follow(np.array([3.0, 1.0, 7.0]) * 0.99**step, norms=norms)
    np.testing.assert_allclose(weights * norms, np.mean(weights * norms), rtol=0.06)


def test_the_term_that_trains_slowly_gets_the_longer_gradient():
    # A widely used re-implementation has r to the power of -alpha: it would weigh the fast one up.
    follow = Follow(GradNorm(), 2)
    for step in range(20):
        weights = follow([1.0, 0.8**step], norms=[1.0, 1.0])
    assert weights[0] > 1.3 > 0.7 > weights[1]


def test_the_first_loss_stays_the_reference():
    # One library overwrites it in each step by the last loss: all rates then tend to 1.
    follow = Follow(GradNorm(), 2)
    for losses in ([4.0, 2.0], [2.0, 2.0], [1.0, 2.0]):
        follow(losses, norms=[1.0, 1.0])
    np.testing.assert_array_equal(follow.remembered()["initial"], [4.0, 2.0])


def test_a_term_that_comes_later_has_its_own_first_loss():
    # Captured at step 0 only, it would be 0, and its rate infinite.
    follow = Follow(GradNorm(), 2)
    follow([4.0, 0.0], [True, False], norms=[1.0, np.nan])
    follow([2.0, 6.0], norms=[1.0, 1.0])
    np.testing.assert_array_equal(follow.remembered()["initial"], [4.0, 6.0])
    # It has not fallen, the other has: it gains.
    weights = follow([2.0, 6.0], norms=[1.0, 1.0])
    assert weights[1] > 1.0 > weights[0]


@pytest.mark.parametrize("first", [0.0, -1.0])
def test_a_first_loss_that_is_not_positive_is_not_taken(first):
    follow = Follow(GradNorm(), 2)
    follow([first, 2.0], norms=[1.0, 1.0])
    np.testing.assert_array_equal(follow.remembered()["initial"], [0.0, 2.0])
    np.testing.assert_allclose(follow.remembered()["weights"], [1.0, 1.0])
    follow([3.0, 2.0], norms=[1.0, 1.0])
    np.testing.assert_array_equal(follow.remembered()["initial"], [3.0, 2.0])


def test_given_initial_losses_count():
    follow = Follow(GradNorm(initial_losses=[10.0, 1.0]), 2)
    follow([1.0, 1.0], norms=[1.0, 1.0])
    weights = follow([1.0, 1.0], norms=[1.0, 1.0])
    np.testing.assert_allclose(weights, [0.975, 1.025], rtol=1e-5)
    np.testing.assert_array_equal(follow.remembered()["initial"], [10.0, 1.0])


def test_no_weight_falls_to_nothing():
    follow = Follow(GradNorm(learning_rate=0.5, floor=0.01), 2)
    for _ in range(30):
        weights = follow([1.0, 1.0], norms=[1e8, 1.0])
        assert (weights > 0.004).all()
        np.testing.assert_allclose(weights.sum(), 2.0, rtol=1e-6)


def test_a_term_alone_at_the_floor_keeps_a_weight():
    # What the 19 others hold of the 20 is rounded to more than the 1e-7 that is left.
    terms = np.arange(20)
    follow = Follow(GradNorm(floor=1e-7, normalize="none"), 20)
    for rounded in (20.0, 20.00001):
        follow.state = {**follow.state, "weights": np.where(terms == 0, 1e-7, rounded / 19).astype("float32")}
        for _ in range(2):
            weights = follow(np.ones(20), terms == 0, norms=np.ones(20))
            assert 0 < weights[0] < 1e-5


@pytest.mark.parametrize(
    "arguments",
    [
        {"alpha": -1.0},
        {"learning_rate": 0.0},
        {"floor": 0.0},
        {"floor": 1.0},
        {"initial_losses": [1.0, 0.0]},
        {"initial_losses": []},
    ],
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        GradNorm(**arguments)


def test_one_initial_loss_for_each_term():
    with pytest.raises(ValueError, match="3 balanced terms"):
        GradNorm(initial_losses=[1.0, 2.0]).init(3)

"""FAMO against the formulas of its official code, written in NumPy with the softmax's Jacobian."""

from __future__ import annotations

import numpy as np
import pytest
from loss_histories import Follow, random_history, softmax

from multiloss.weighting import FAMO


class Reference:
    """The logits and their Adam with L2 weight decay; each term with its own count."""

    def __init__(self, num_terms, gamma):
        self.logits = np.zeros(num_terms)
        self.momentum, self.squares, self.updates = np.zeros(num_terms), np.zeros(num_terms), np.zeros(num_terms)
        self.gamma = gamma

    def weights(self, losses, here, minimum):
        weights = np.zeros(len(losses))
        z = softmax(self.logits[here])
        distances = losses[here] - minimum[here] + 1e-8
        weights[here] = z / distances / np.sum(z / distances)
        return weights

    def update(self, before, after, both, minimum):
        if not both.any():
            return
        delta = np.log((before - minimum)[both] + 1e-8) - np.log((after - minimum)[both] + 1e-8)
        z = softmax(self.logits[both])
        jacobian = np.diag(z) - np.outer(z, z)
        slope = jacobian.T @ delta + self.gamma * self.logits[both]
        self.updates[both] += 1
        self.momentum[both] = 0.9 * self.momentum[both] + 0.1 * slope
        self.squares[both] = 0.999 * self.squares[both] + 0.001 * slope**2
        momentum = self.momentum[both] / (1 - 0.9 ** self.updates[both])
        squares = self.squares[both] / (1 - 0.999 ** self.updates[both])
        self.logits[both] -= 0.025 * momentum / (np.sqrt(squares) + 1e-8)


@pytest.mark.parametrize("minimum", [0.0, [-0.5, 0.01, 0.0]])
@pytest.mark.parametrize("gamma", [0.01, 0.3])
def test_sixty_steps_of_the_exact_form_follow_the_official_code(minimum, gamma):
    losses, present = random_history(0, steps=60, num_terms=3)
    losses = np.clip(losses, 0.05, None)
    improvement = np.random.default_rng(1).uniform(0.6, 1.05, size=(60, 3))
    balancer = FAMO(weight_decay=gamma, minimum=minimum, normalize="none")
    assert balancer.reads_after_update
    follow, reference = Follow(balancer, 3), Reference(3, gamma)
    least = np.broadcast_to(minimum, 3)
    for step in range(60):
        now, here = losses[step], present[step]
        after = (now * improvement[step]).astype("float32").astype(float)
        weights = follow(now, here)
        if here.any():
            np.testing.assert_allclose(weights, reference.weights(now, here, least), rtol=1e-3)
        follow.after_update(after, here)
        reference.update(now, after, here, least)
        np.testing.assert_allclose(follow.remembered()["logits"], reference.logits, rtol=1e-3, atol=1e-5)
    assert np.ptp(reference.logits) > 0.02


def test_sixty_steps_of_the_cheap_form_follow_the_next_batch():
    losses, present = random_history(2, steps=60, num_terms=3)
    balancer = FAMO(look="next_batch", normalize="none")
    assert not balancer.reads_after_update
    follow, reference = Follow(balancer, 3), Reference(3, 0.001)
    losses = np.clip(losses, 0.05, None)
    for step in range(60):
        now, here = losses[step], present[step]
        if step:
            reference.update(losses[step - 1], now, here & present[step - 1], np.zeros(3))
        weights = follow(now, here)
        if here.any():
            np.testing.assert_allclose(weights, reference.weights(now, here, np.zeros(3)), rtol=1e-3)
        np.testing.assert_allclose(follow.remembered()["logits"], reference.logits, rtol=1e-3, atol=1e-5)
        before = follow.remembered()
        follow.after_update(now / 2, here)
        assert all(np.array_equal(before[name], value) for name, value in follow.remembered().items())


def test_the_term_that_improves_least_gains():
    follow = Follow(FAMO(), 2)
    for _ in range(20):
        follow([1.0, 1.0])
        follow.after_update([0.5, 0.99], [True, True])
    weights = follow([1.0, 1.0])
    assert weights[1] > 1.2 > weights[0]


def test_a_term_absent_in_either_look_rests():
    follow = Follow(FAMO(), 3)
    for _ in range(5):
        follow([1.0, 2.0, 3.0])
        follow.after_update([0.5, 1.9, 3.1], [True] * 3)
    before = follow.remembered()
    follow([1.0, 2.0, 3.0], [True, False, True])
    follow.after_update([0.5, 1.0, 3.0], [True, True, True])  # seen only the second time
    after = follow.remembered()
    follow([1.0, 2.0, 3.0])
    follow.after_update([0.5, 1.0, 3.0], [True, False, True])  # seen only the first time
    last = follow.remembered()
    for name in ("logits", "momentum", "squares", "updates"):
        assert before[name][1] == after[name][1] == last[name][1]
        assert before[name][0] != after[name][0] != last[name][0]


@pytest.mark.parametrize("look", ["same_batch", "next_batch"])
def test_the_combined_gradient_does_not_care_for_units(look):
    # The official code adds 1e-8 to every loss: one of 1e-9 would then weigh as one of 1e-8.
    losses, present = random_history(3, steps=30, num_terms=3)
    factors = np.array([1.0, 2.0**-40, 2.0**20])
    one, other = (Follow(FAMO(look=look), 3) for _ in range(2))
    for now, here in zip(losses, present, strict=True):
        weights, scaled = one(now, here), other(now * factors, here) * factors
        one.after_update([0.9, 0.7, 1.1] * now, here)
        other.after_update([0.9, 0.7, 1.1] * now * factors, here)
        if here.any():
            np.testing.assert_allclose(weights / np.sum(weights), scaled / np.sum(scaled), rtol=1e-3)


def test_a_loss_at_its_minimum_gets_the_mean_weight_and_rests():
    follow = Follow(FAMO(minimum=[0.0, 0.5, 0.0]), 3)
    weights = follow([0.0, 0.5, 2.0])
    np.testing.assert_allclose(weights, np.ones(3), rtol=1e-6)
    follow.after_update([0.0, 0.4, 1.0], [True] * 3)
    weights = follow([1.0, 2.0, 0.5])
    np.testing.assert_allclose(follow.remembered()["logits"], np.zeros(3), atol=1e-12)
    # Distances of 1, 1.5 and 0.5, and equal z.
    np.testing.assert_allclose(weights, 3 * np.array([1.0, 1 / 1.5, 2.0]) / (3 + 1 / 1.5), rtol=1e-5)


@pytest.mark.parametrize(
    "arguments",
    [{"look": "twice"}, {"learning_rate": 0.0}, {"weight_decay": -1.0}, {"minimum": float("inf")}, {"minimum": []}],
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        FAMO(**arguments)


def test_one_minimum_for_each_term():
    with pytest.raises(ValueError, match="3 balanced terms"):
        FAMO(minimum=[0.0, 1.0]).init(3)

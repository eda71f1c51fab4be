"""Tchebycheff scalarisations against their formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from loss_histories import Follow, random_history, softmax
from scipy.special import logsumexp

from multiloss.weighting import SmoothTchebycheff, Tchebycheff

PER_EPOCH = 10


def smooth(scores, mu):
    return mu * logsumexp(scores / mu), softmax(scores / mu)


def hard(scores, mu):
    ties = scores == scores.max()
    return scores.max(), ties / ties.sum()


MEMBERS = {"smooth": (SmoothTchebycheff, smooth, {"mu": 0.3}), "hard": (Tchebycheff, hard, {})}
KINDS = pytest.mark.parametrize("kind", MEMBERS)


@KINDS
def test_fifty_steps_of_the_plain_form(kind):
    cls, combine, more = MEMBERS[kind]
    preferences, reference = np.array([0.5, 1.0, 2.0]), np.array([0.1, -1.0, 0.0])
    losses, present = random_history(8, steps=50, num_terms=3)
    follow = Follow(cls(list(preferences), list(reference), warmup_epochs=0, normalize="none", **more), 3)
    assert follow.state == {}
    for now, here in zip(losses, present, strict=True):
        expected, total = np.zeros(3), 0.0
        if here.any():
            total, shares = combine((preferences * (now - reference))[here], more.get("mu"))
            expected[here] = preferences[here] * shares
        np.testing.assert_allclose(follow(now, here), expected, rtol=2e-3, atol=1e-6)
        value = float(follow.balancer.objective(follow.signals(now, here), {}))
        assert value == pytest.approx(total, rel=1e-5, abs=1e-5)


@KINDS
@pytest.mark.parametrize("reference", [None, [-0.5, 0.0, -2.0]])
def test_sixty_steps_with_a_warm_up(kind, reference):
    cls, combine, more = MEMBERS[kind]
    preferences = np.array([0.5, 1.0, 2.0])
    ideal = np.zeros(3) if reference is None else np.array(reference)
    losses, present = random_history(9, steps=60, num_terms=3)
    follow = Follow(cls(list(preferences), reference, warmup_epochs=2, normalize="none", **more), 3)
    last = slice(PER_EPOCH, 2 * PER_EPOCH)
    nadir = np.array([np.mean(losses[last, term][present[last, term]]) for term in range(3)]) - ideal
    for step, (now, here) in enumerate(zip(losses, present, strict=True)):
        epoch, gaps = step // PER_EPOCH, now - ideal
        signals = follow.signals(now, here, epoch=epoch)
        value = float(follow.balancer.objective(signals, follow.state))
        expected, total = np.zeros(3), 0.0
        if epoch < 2:
            expected, total = np.where(here, preferences / gaps, 0.0), np.sum((preferences * np.log(gaps))[here])
        elif here.any():
            total, shares = combine((preferences * np.log(gaps / nadir))[here], more.get("mu"))
            total = np.sum(here) * total
            expected[here] = np.sum(here) * preferences[here] * shares / gaps[here]
        np.testing.assert_allclose(follow(now, here, epoch=epoch), expected, rtol=2e-3, atol=1e-6)
        assert value == pytest.approx(total, rel=1e-4, abs=1e-4)
    np.testing.assert_allclose(follow.remembered()["nadir"] - ideal, nadir, rtol=1e-4)


def test_the_published_smoothness_is_a_fixed_scale():
    # With mu = 1, sum_i L_i / N_i is inside the logarithm: the weights are 1 / N_i whatever the losses do.
    follow = Follow(SmoothTchebycheff(), 2)
    follow([4.0, 0.1])
    follow([6.0, 0.3])
    for losses in ([1.0, 0.2], [7.0, 0.01]):
        weights = follow(losses, epoch=1)
        assert weights[0] / weights[1] == pytest.approx(0.2 / 5.0, rel=1e-4)


@KINDS
def test_the_form_with_a_warm_up_has_no_units(kind):
    cls, _, more = MEMBERS[kind]
    losses, present = random_history(10, steps=30, num_terms=3)
    one, other = (Follow(cls(**more), 3) for _ in range(2))
    factors = np.array([1.0, 2.0**-20, 2.0**15])
    for step, (now, here) in enumerate(zip(losses, present, strict=True)):
        weights = one(now, here, epoch=step // PER_EPOCH)
        scaled = other(now * factors, here, epoch=step // PER_EPOCH) * factors
        total = np.sum(scaled)
        np.testing.assert_allclose(weights, scaled / (total if total else 1.0) * np.sum(here), rtol=1e-3, atol=1e-6)


def test_a_small_mu_is_the_maximum():
    for losses in ([1.0, 3.0, 2.9], [1e30, 1e29, 1.0]):
        soft = Follow(SmoothTchebycheff(mu=1e-12, warmup_epochs=0), 3)(losses)
        np.testing.assert_allclose(soft, Follow(Tchebycheff(warmup_epochs=0), 3)(losses), atol=1e-6)


@KINDS
def test_a_loss_of_zero_in_the_warm_up_and_a_huge_one_later_stay_finite(kind):
    cls, _, more = MEMBERS[kind]
    follow = Follow(cls(**more), 2)
    follow([0.0, 1.0])
    for losses in ([1e30, 1.0], [1e-25, 1e30], [1e30, 1e30]):
        weights = follow(losses, epoch=1)
        assert np.isfinite(weights).all()
        assert np.sum(weights) == pytest.approx(2.0)


def test_ties_share_the_weight():
    follow = Follow(Tchebycheff(preferences=[2.0, 1.0, 1.0], warmup_epochs=0, normalize="none"), 3)
    np.testing.assert_allclose(follow([1.0, 2.0, 1.9]), [1.0, 0.5, 0.0])
    np.testing.assert_allclose(Follow(Tchebycheff(warmup_epochs=0), 2)([-1.0, -1.0]), [1.0, 1.0])


@KINDS
def test_a_term_without_a_label_in_the_warm_up_brings_its_first_loss(kind):
    cls, _, more = MEMBERS[kind]
    follow = Follow(cls(**more), 2)
    follow([2.0, 0.0], [True, False])
    follow([1.0, 8.0], epoch=1)
    follow([1.0, 5.0], epoch=2)
    np.testing.assert_allclose(follow.remembered()["nadir"], [2.0, 8.0])
    assert list(follow.remembered()["count"]) == [1, 1]


@KINDS
def test_a_loss_at_its_ideal_takes_no_part(kind):
    cls, _, more = MEMBERS[kind]
    follow = Follow(cls(reference=[1.0, 0.0], **more), 2)
    for epoch in (0, 1):
        np.testing.assert_array_equal(follow([1.0, 5.0], epoch=epoch), [0.0, 2.0])
        np.testing.assert_array_equal(follow([0.5, -1.0], epoch=epoch), [1.0, 1.0])


@KINDS
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preferences": [1.0, -1.0]}, "`preferences` must be positive"),
        ({"reference": [0.0, float("inf")]}, "`reference` must be finite"),
        ({"warmup_epochs": -1}, "`warmup_epochs`"),
        ({"warmup_epochs": 1.5}, "`warmup_epochs`"),
    ],
)
def test_wrong_arguments_are_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=f"{message}.*Received"):
        MEMBERS[kind][0](**arguments)


def test_mu_must_be_positive():
    with pytest.raises(ValueError, match=r"`mu`.*Received"):
        SmoothTchebycheff(mu=0.0)


@KINDS
def test_numbers_belong_to_so_many_terms(kind):
    for arguments in ({"preferences": [1.0, 2.0]}, {"reference": [1.0, 2.0]}):
        with pytest.raises(ValueError, match="3 balanced terms"):
            MEMBERS[kind][0](**arguments).init(3)

"""Geometric mean and sum of logarithms against their formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from loss_histories import Follow, random_history

from multiloss.weighting import GeometricMean, LogSum

POWERS = [None, [2.0, 0.5, 1.0]]


def product(losses, powers):
    """G = (prod L^p)^(1 / sum p), in float64."""
    return np.prod(losses**powers) ** (1.0 / np.sum(powers))


@pytest.mark.parametrize("powers", POWERS)
def test_fifty_steps_of_the_geometric_mean(powers):
    losses, present = random_history(3, steps=50, num_terms=3)
    follow = Follow(GeometricMean(powers, normalize="none"), 3)
    p = np.ones(3) if powers is None else np.array(powers)
    for now, here in zip(losses, present, strict=True):
        expected, mean = np.zeros(3), 0.0
        if here.any():
            mean = product(now[here], p[here])
            # The derivative by each loss, from the product itself.
            expected[here] = p[here] / np.sum(p[here]) * mean / now[here]
        np.testing.assert_allclose(follow(now, here), expected, rtol=1e-5)
        value = float(follow.balancer.objective(follow.signals(now, here), {}))
        assert value == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("powers", POWERS)
def test_fifty_steps_of_the_sum_of_logarithms(powers):
    losses, present = random_history(4, steps=50, num_terms=3)
    follow = Follow(LogSum(powers, normalize="none"), 3)
    p = np.ones(3) if powers is None else np.array(powers)
    for now, here in zip(losses, present, strict=True):
        np.testing.assert_allclose(follow(now, here), np.where(here, p / now, 0.0), rtol=1e-5)
        value = float(follow.balancer.objective(follow.signals(now, here), {}))
        assert value == pytest.approx(np.sum((p * np.log(now))[here]), rel=1e-5, abs=1e-5)


def test_many_losses_neither_underflow_nor_overflow():
    for size in (1e-20, 1e20):
        follow = Follow(GeometricMean(normalize="none"), 50)
        np.testing.assert_allclose(follow(np.full(50, size)), np.full(50, 0.02), rtol=1e-5)
        assert float(follow.balancer.objective(follow.signals(np.full(50, size), None), {})) == pytest.approx(
            size, rel=1e-4
        )


@pytest.mark.parametrize("cls", [GeometricMean, LogSum])
def test_what_has_no_logarithm_takes_no_part(cls):
    follow = Follow(cls(), 4)
    alone = Follow(cls(), 2)
    np.testing.assert_allclose(follow([0.0, 2.0, -1.0, 0.5]), np.array([0, *(2 * alone([2.0, 0.5])), 0])[[0, 1, 3, 2]])
    np.testing.assert_array_equal(follow([0.0, 0.0, -1.0, 0.0]), np.ones(4))
    np.testing.assert_array_equal(Follow(cls(), 1)([-3.0]), [1.0])


def test_losses_far_apart_stay_finite():
    weights = Follow(GeometricMean(normalize="none"), 20)([1e-30] + 19 * [1e30])
    assert np.isfinite(weights).all()
    assert weights[0] > 1e30


@pytest.mark.parametrize("cls", [GeometricMean, LogSum])
@pytest.mark.parametrize("powers", [[1.0, 0.0], [1.0, float("nan")], "many", []])
def test_wrong_powers_are_refused(cls, powers):
    with pytest.raises(ValueError, match=r"`powers` must be positive.*Received"):
        cls(powers)


def test_powers_belong_to_so_many_terms():
    with pytest.raises(ValueError, match="3 balanced terms"):
        LogSum([1.0, 2.0]).init(3)

"""SoftAdapt against its formulas in NumPy, and against the errors of other implementations."""

from __future__ import annotations

import numpy as np
import pytest
from loss_histories import Follow, random_history, softmax

from multiloss.weighting import SoftAdapt

# Backward differences at the newest value, oldest first (Fornberg, Mathematics of Computation 51, 1988, table 3).
BACKWARD = {2: [-1, 1], 3: [1 / 2, -2, 3 / 2], 4: [-1 / 3, 3 / 2, -3, 11 / 6], 5: [1 / 4, -4 / 3, 3, -4, 25 / 12]}


def expected_shares(variant, slopes, means, beta):
    if variant == "normalized":
        slopes = slopes / np.sum(np.abs(slopes))
    shares = softmax(beta * slopes)
    if variant == "loss_weighted":
        shares = means * shares / np.sum(means * shares)
    return shares


@pytest.mark.parametrize("variant", ["original", "loss_weighted", "normalized"])
@pytest.mark.parametrize(("window", "degree", "every"), [(5, 1, 1), (5, 4, 3), (2, 1, 2)])
def test_fifty_steps_follow_the_formulas_with_terms_absent(variant, window, degree, every):
    losses, present = random_history(0, steps=60, num_terms=3)
    losses /= losses.mean(axis=0) * np.array([0.5, 1.0, 2.0])
    follow = Follow(SoftAdapt(variant, 0.7, window=window, degree=degree, every=every, normalize="none"), 3)
    seen, slopes, means = [[], [], []], np.zeros(3), np.zeros(3)
    for now, here in zip(losses, present, strict=True):
        for term in np.flatnonzero(here):
            seen[term].append(float(np.float32(now[term])))
            if len(seen[term]) >= window and (len(seen[term]) - window) % every == 0:
                last = seen[term][-window:]
                line = np.polyfit(np.arange(window), last, 1)[0]
                slopes[term] = line if degree == 1 else np.dot(BACKWARD[window], last)
                means[term] = np.mean(last)
        known = [term for term in np.flatnonzero(here) if len(seen[term]) >= window]
        expected = np.where(here, 1.0 / max(np.sum(here), 1), 0.0)
        if known:
            shares = expected_shares(variant, slopes[known], means[known], 0.7)
            expected[known] *= len(known) * shares
        np.testing.assert_allclose(follow(now, here), expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("window", BACKWARD)
def test_the_highest_degree_is_the_backward_difference(window):
    values = np.random.default_rng(window).uniform(1, 2, size=window)
    follow = Follow(SoftAdapt(window=window, degree=window - 1), 1)
    for value in values:
        follow([value])
    assert follow.remembered()["slope"][0] == pytest.approx(np.dot(BACKWARD[window], values), abs=1e-4)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_the_slope_is_the_one_at_the_newest_loss(degree):
    times = np.arange(-4.0, 1.0)
    follow = Follow(SoftAdapt(window=5, degree=degree), 1)
    for time in times:
        follow([10.0 + 3.0 * time + (time**degree if degree > 1 else 0.0)])
    assert follow.remembered()["slope"][0] == pytest.approx(3.0, abs=1e-4)


def test_a_loss_that_became_flat_has_no_slope():
    # The authors' package gives -16.5 per step here: the slope at the oldest loss.
    follow = Follow(SoftAdapt(window=2), 1)
    for value in (10.0, 1.0, 1.0, 1.0):
        follow([value])
    assert follow.remembered()["slope"][0] == 0.0


@pytest.mark.parametrize("slopes", [(-1.0, -0.1), (1.0, 0.1), (-1.0, 1.0), (0.5, -0.5)])
def test_normalizing_never_reverses_the_preference(slopes):
    for variant in ("original", "normalized"):
        follow = Follow(SoftAdapt(variant, beta=1.0, window=2), 2)
        follow([5.0, 5.0])
        weights = follow(5.0 + np.array(slopes))
        assert np.isfinite(weights).all()
        assert np.sign(weights[0] - weights[1]) == np.sign(slopes[0] - slopes[1])


@pytest.mark.parametrize("variant", ["original", "normalized"])
@pytest.mark.parametrize("level", [1e-6, 1 / 3, 1e6 / 7])
def test_a_plateau_is_uniform(variant, level):
    follow = Follow(SoftAdapt(variant, beta=5.0, window=5, degree=3), 3)
    for _ in range(8):
        weights = follow([level, 7 * level, level / 3])
    np.testing.assert_array_equal(weights, np.ones(3))


@pytest.mark.parametrize("direction", [-1.0, 1.0])
def test_a_line_has_the_sign_of_losses_that_only_fell_or_only_rose(direction):
    rng = np.random.default_rng(0)
    follow = Follow(SoftAdapt(window=6), 20)
    for losses in 50.0 + direction * np.cumsum(rng.exponential(size=(6, 20)) ** 3, axis=0):
        follow(losses)
    assert (direction * follow.remembered()["slope"] > 0).all()


def test_it_is_uniform_until_the_window_is_full():
    follow = Follow(SoftAdapt(window=4, beta=1.0), 2)
    for step in range(3):
        np.testing.assert_array_equal(follow([1.0 + step, 5.0 - step]), np.ones(2))
    assert follow([4.0, 2.0])[0] > 1.5


def test_normalized_weights_do_not_care_for_the_common_unit():
    losses, present = random_history(3, steps=30, num_terms=3)
    one, other = (Follow(SoftAdapt("normalized", beta=2.0), 3) for _ in range(2))
    for now, here in zip(losses, present, strict=True):
        np.testing.assert_allclose(one(now, here), other(now * 1e-12, here), rtol=1e-3)


def test_loss_weighted_zeros_are_uniform():
    follow = Follow(SoftAdapt("loss_weighted", window=2), 2)
    for losses in ([0.0, 0.0], [0.0, 0.0]):
        weights = follow(losses)
    np.testing.assert_array_equal(weights, np.ones(2))


@pytest.mark.parametrize(
    "arguments",
    [{"variant": "ratio"}, {"beta": float("nan")}, {"window": 1}, {"window": 3, "degree": 3}, {"every": 0}],
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        SoftAdapt(**arguments)

"""The formulas of the scales against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from multiloss.scales import Calibrated, Initial, RunningMax, RunningMean, RunningStd
from multiloss.testing import observe
from scale_runs import follow


def histories(number=50):
    """Losses with labels in most batches, and which batches those are."""
    generator = np.random.default_rng(0)
    losses = 10.0 ** generator.uniform(-1, 1, size=number) * generator.choice([1.0, 1.0, -1.0], size=number)
    return losses, generator.random(number) < 0.8


def seen(losses, labelled, step):
    """The losses that count up to a step."""
    return losses[: step + 1][labelled[: step + 1]]


def measured(scale, losses, labelled):
    observations = [observe(loss, present=bool(label)) for loss, label in zip(losses, labelled, strict=True)]
    return follow(scale, observations)[0]


def test_running_mean_is_the_debiased_mean():
    losses = np.random.default_rng(0).uniform(0.1, 10.0, size=50)
    divisors, _ = follow(RunningMean(decay=0.9), [observe(loss) for loss in losses])
    weights = 0.9 ** np.arange(50)[::-1]
    expected = [np.sum(weights[-step:] * losses[:step]) / np.sum(weights[-step:]) for step in range(1, 51)]
    np.testing.assert_allclose(divisors, expected, rtol=1e-5)
    roots, _ = follow(RunningMean(decay=0.9, power=0.5), [observe(loss) for loss in losses])
    np.testing.assert_allclose(roots, np.sqrt(expected), rtol=1e-5)


def test_running_mean_freezes_after_so_many_labelled_batches():
    scale = RunningMean(decay=0.5, freeze_after=2)
    observations = [observe(8.0), observe(0.0, present=False), observe(2.0), observe(1000.0), observe(1e-3)]
    divisors, state = follow(scale, observations)
    assert divisors == pytest.approx([8.0, 8.0, 4.0, 4.0, 4.0])
    assert state["count"] == 2


def test_running_mean_before_the_first_label_is_one():
    divisors, _ = follow(RunningMean(), [observe(0.0, present=False), observe(5.0, training=False), observe(5.0)])
    assert divisors == pytest.approx([1.0, 1.0, 5.0])


def test_running_mean_survives_a_loss_that_becomes_zero():
    divisors, _ = follow(RunningMean(decay=0.0), [observe(2.0), observe(0.0), observe(3.0)])
    assert divisors == pytest.approx([2.0, 1.0, 3.0])


@pytest.mark.parametrize("power", [1.0, 0.5])
@pytest.mark.parametrize("batches", [1, 7])
def test_initial_is_the_mean_of_the_first_batches(batches, power):
    losses, labelled = histories()
    expected = [
        np.mean(np.abs(known[:batches])) ** power if len(known := seen(losses, labelled, step)) else 1.0
        for step in range(50)
    ]
    np.testing.assert_allclose(measured(Initial(batches, power), losses, labelled), expected, rtol=1e-5)


@pytest.mark.parametrize("scale", [Initial(batches=2), RunningMean(decay=0.5), RunningMax(), RunningStd()])
def test_losses_of_zero_before_the_first_other_one_do_not_count(scale):
    divisors, state = follow(scale, [observe(0.0), observe(0.0), observe(5.0)])
    assert divisors == pytest.approx([1.0, 1.0, 5.0])
    assert state["count"] == 1


@pytest.mark.parametrize("decay", [0.9, 0.999])
@pytest.mark.parametrize("power", [1.0, 0.5])
def test_running_std_is_the_weighted_sample_deviation(decay, power):
    losses, labelled = histories()
    expected = []
    for step in range(50):
        known = seen(losses, labelled, step)
        weights = decay ** np.arange(len(known))[::-1]
        if len(known) < 2:
            expected.append(abs(known[0]) ** power if len(known) else 1.0)
        else:
            expected.append(np.sqrt(np.cov(known, aweights=weights)) ** power)
    found = measured(RunningStd(decay, power, floor=0.0), losses, labelled)
    np.testing.assert_allclose(found, expected, rtol=1e-3 if decay == 0.999 else 1e-4)


def test_running_std_of_a_constant_loss_is_its_mean_and_a_small_one_stops_at_the_floor():
    divisors, _ = follow(RunningStd(floor=0.05), [observe(0.1)] * 5)
    np.testing.assert_allclose(divisors, 0.1, rtol=1e-6)
    divisors, _ = follow(RunningStd(floor=0.05), [observe(10.0), observe(10.001)])
    assert divisors == pytest.approx([10.0, 0.5], rel=1e-3)


def test_running_std_is_moved_by_no_shift_and_follows_the_unit():
    losses = np.random.default_rng(1).normal(size=30)
    plain, _ = follow(RunningStd(floor=0.0), [observe(loss) for loss in losses])
    shifted, _ = follow(RunningStd(floor=0.0), [observe(loss + 20.0) for loss in losses])
    np.testing.assert_allclose(shifted[1:], plain[1:], rtol=1e-3)
    for unit in (1e-20, 1e20):
        other, _ = follow(RunningStd(), [observe(loss * unit) for loss in losses])
        reference, _ = follow(RunningStd(), [observe(loss) for loss in losses])
        np.testing.assert_allclose(np.array(other) / unit, reference, rtol=1e-4)


@pytest.mark.parametrize(("decay", "power"), [(1.0, 1.0), (0.8, 0.5)])
def test_running_max_is_the_largest_faded_size(decay, power):
    losses, labelled = histories()
    expected = []
    for step in range(50):
        known = np.abs(seen(losses, labelled, step))
        expected.append(np.max(known * decay ** np.arange(len(known))[::-1]) ** power if len(known) else 1.0)
    np.testing.assert_allclose(measured(RunningMax(decay, power), losses, labelled), expected, rtol=1e-5)


@pytest.mark.parametrize("cls", [RunningMean, RunningStd, RunningMax])
def test_freezing_keeps_the_divisor_of_that_batch(cls):
    losses, labelled = histories()
    fifth = np.flatnonzero(labelled)[4]
    moving = measured(cls(decay=0.9), losses, labelled)
    frozen = measured(cls(decay=0.9, freeze_after=5), losses, labelled)
    assert frozen[: fifth + 1] == moving[: fifth + 1]
    assert set(frozen[fifth:]) == {moving[fifth]}
    assert len(set(moving[fifth:])) > 10


@pytest.mark.parametrize(
    ("statistic", "formula"),
    [
        ("mean", lambda losses: np.mean(np.abs(losses))),
        ("std", lambda losses: np.std(losses, ddof=1)),
        ("max", lambda losses: np.max(np.abs(losses))),
    ],
)
def test_a_pass_gives_its_statistic_to_the_power(statistic, formula):
    losses, _ = histories()
    for power in (1.0, 0.5):
        scale = Calibrated(statistic, power)
        divisor, _ = scale.divisor(observe(3.0), scale.measured(losses))
        assert float(divisor) == pytest.approx(formula(losses) ** power, rel=1e-6)


def test_a_pass_without_a_deviation_or_with_zeros_only():
    scale = Calibrated("std")
    assert scale.measured(np.full(4, 0.1))["size"] == pytest.approx(0.1)
    for statistic in ("mean", "std", "max"):
        with pytest.raises(ValueError, match="must not all be 0"):
            Calibrated(statistic).measured(np.zeros(3))


@pytest.mark.parametrize(
    ("statistic", "losses"), [("mean", []), ("max", []), ("std", [1.0]), ("mean", [1.0, float("nan")])]
)
def test_a_pass_that_cannot_be_measured_is_refused(statistic, losses):
    with pytest.raises(ValueError, match="Received"):
        Calibrated(statistic).measured(np.array(losses))


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (RunningMean, {"decay": 1.0}),
        (RunningMean, {"power": 2.0}),
        (RunningMean, {"freeze_after": 0}),
        (RunningMean, {"freeze_after": 1.5}),
        (RunningStd, {"decay": -0.1}),
        (RunningStd, {"floor": 2.0}),
        (RunningMax, {"decay": 0.0}),
        (Initial, {"batches": 0}),
        (Initial, {"power": -1.0}),
        (Calibrated, {"power": 1.5}),
    ],
)
def test_wrong_arguments_are_refused(cls, arguments):
    with pytest.raises(ValueError, match="Received"):
        cls(**arguments)


def test_an_unknown_statistic_is_refused():
    with pytest.raises(ValueError, match="Unknown statistic 'median'"):
        Calibrated("median")

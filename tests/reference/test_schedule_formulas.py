"""The formulas of the schedules against NumPy, and against Keras's own where they are the same."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from multiloss.schedules import Constant, Cosine, Cyclical, Exponential, Linear, Piecewise, Step, TrainingProgress

STEPS = [0, 1, 2, 3, 5, 9, 10, 11, 12, 19, 20, 24, 25, 29, 30, 31, 50, 1000]


def by_step(schedule, steps=STEPS):
    """Values by the step; the epoch says nothing."""
    return [float(schedule.value(TrainingProgress(step, epoch=77))) for step in steps]


def by_epoch(schedule, epochs=STEPS):
    """Values by the epoch; the step says nothing."""
    return [float(schedule.value(TrainingProgress(77, epoch))) for epoch in epochs]


def keras_values(schedule, steps=STEPS):
    return [float(schedule(np.float32(step))) for step in steps]


def part(length):
    return np.clip(np.array(STEPS) / length, 0.0, 1.0)


FORMULAS = {
    "linear": (lambda **unit: Linear(0.3, 2.0, **unit), lambda t: 0.3 + 1.7 * t),
    "cosine": (lambda **unit: Cosine(2.0, 0.5, **unit), lambda t: 0.5 + 0.75 * (1 + np.cos(np.pi * t))),
    "exponential": (lambda **unit: Exponential(1e-3, 10.0, **unit), lambda t: 1e-3 * 1e4**t),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_ramps_follow_their_formulas_in_both_units(name):
    make, formula = FORMULAS[name]
    for length in (1, 25):
        np.testing.assert_allclose(by_step(make(steps=length)), formula(part(length)), rtol=1e-5)
        np.testing.assert_allclose(by_epoch(make(epochs=length)), formula(part(length)), rtol=1e-5)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_warm_up_rises_from_zero_to_the_start_and_then_time_begins(name):
    make, formula = FORMULAS[name]
    for unit, values in (("steps", by_step), ("epochs", by_epoch)):
        found = values(make(**{unit: 8}, warmup=4), range(16))
        np.testing.assert_allclose(found[:4], formula(0.0) * np.arange(4) / 4, rtol=1e-6)
        np.testing.assert_allclose(found[4:], formula(np.clip(np.arange(12) / 8, 0, 1)), rtol=1e-5)


def test_cosine_with_a_warm_up_is_that_of_keras():
    theirs = keras.optimizers.schedules.CosineDecay(0.0, 20, alpha=0.1, warmup_target=2.0, warmup_steps=10)
    np.testing.assert_allclose(by_step(Cosine(2.0, 0.2, steps=20, warmup=10)), keras_values(theirs), rtol=1e-5)


def test_linear_is_keras_polynomial_decay_of_power_one():
    theirs = keras.optimizers.schedules.PolynomialDecay(2.0, 25, end_learning_rate=0.5)
    np.testing.assert_allclose(by_step(Linear(2.0, 0.5, steps=25)), keras_values(theirs), rtol=1e-5)


def test_exponential_is_that_of_keras_up_to_its_end():
    theirs = keras.optimizers.schedules.ExponentialDecay(2.0, 25, decay_rate=0.05)
    steps = [step for step in STEPS if step <= 25]
    found = by_step(Exponential(2.0, 2.0 * 0.05, steps=25), steps)
    np.testing.assert_allclose(found, keras_values(theirs, steps), rtol=1e-5)


def test_step_is_keras_staircase():
    theirs = keras.optimizers.schedules.ExponentialDecay(2.0, 10, decay_rate=0.7, staircase=True)
    np.testing.assert_allclose(by_step(Step(2.0, 0.7, steps=10)), keras_values(theirs), rtol=1e-5, atol=1e-12)


def test_step_stops_at_its_limit_and_is_precise_after_many_stairs():
    assert by_epoch(Step(0.1, 10.0, epochs=2, limit=3.0), range(6)) == pytest.approx([0.1, 0.1, 1.0, 1.0, 3.0, 3.0])
    assert by_step(Step(1.0, 0.99999, steps=1), [10**6]) == pytest.approx([0.99999**1e6], rel=1e-4)
    assert by_step(Step(3.0, 1.0, steps=1), [0, 10**7]) == [3.0, 3.0]


def test_piecewise_constant_is_that_of_keras_one_step_earlier():
    theirs = keras.optimizers.schedules.PiecewiseConstantDecay([9, 24], [1.0, 0.5, 0.1])
    np.testing.assert_allclose(by_step(Piecewise([1.0, 0.5, 0.1], steps=[10, 25])), keras_values(theirs))


@pytest.mark.parametrize("points", [[0, 10, 25, 26, 300], [12]])
def test_piecewise_linear_is_numpys_interpolation(points):
    values = [0.5, 2.0, -1.0, 3.0, 0.25][: len(points)]
    expected = np.interp(STEPS, points, values)
    found = by_step(Piecewise(values, steps=points, interpolation="linear"))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    found = by_epoch(Piecewise(values, epochs=points, interpolation="linear"))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_the_sawtooth_is_the_cyclical_annealing_of_the_paper():
    """beta = f(tau) for tau <= R, else 1, with tau = mod(t, T/M) / (T/M): equation 6 and 7, f linear."""
    cycle, ramp = 12, 0.5
    steps = np.arange(100)
    tau = np.mod(steps, cycle) / cycle
    expected = np.where(tau <= ramp, tau / ramp, 1.0)
    np.testing.assert_allclose(by_step(Cyclical(0.0, 1.0, steps=cycle, ramp=ramp), steps), expected, rtol=1e-6)
    low, high = 0.2, 3.0
    found = by_step(Cyclical(low, high, steps=cycle, ramp=ramp), steps)
    np.testing.assert_allclose(found, low + (high - low) * expected, rtol=1e-6)


@pytest.mark.parametrize("ramp", [0.25, 0.5, 1.0])
def test_triangle_and_cosine_rise_and_fall(ramp):
    steps = np.arange(60)
    height = np.interp(
        np.mod(steps, 20) / 20, [0.0, ramp, 1.0] if ramp < 1 else [0.0, 1.0], [0, 1, 0][: 2 + (ramp < 1)]
    )
    triangle = by_step(Cyclical(0.0, 1.0, steps=20, shape="triangle", ramp=ramp), steps)
    np.testing.assert_allclose(triangle, height, atol=1e-6)
    cosine = by_epoch(Cyclical(0.0, 1.0, epochs=20, shape="cosine", ramp=ramp), steps)
    np.testing.assert_allclose(cosine, (1 - np.cos(np.pi * height)) / 2, atol=1e-6)


def test_a_cycle_is_exact_after_many_steps():
    """The place in the cycle is a remainder of integers, not of rounded ones."""
    schedule = Cyclical(0.0, 1.0, steps=7)
    late = 7 * 285_000_000
    assert by_step(schedule, range(late, late + 7)) == by_step(schedule, range(7))


@pytest.mark.parametrize("units", [{}, {"steps": 3, "epochs": 3}])
@pytest.mark.parametrize(
    "make",
    [
        lambda **unit: Linear(0.0, 1.0, **unit),
        lambda **unit: Step(1.0, 0.5, **unit),
        lambda **unit: Cyclical(0.0, 1.0, **unit),
        lambda **unit: Piecewise([0.0, 1.0], **{key: [3] for key in unit}),
    ],
)
def test_exactly_one_unit_must_be_given(make, units):
    with pytest.raises(ValueError, match="exactly one of `steps`"):
        make(**units)


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (Constant, {"value": float("nan")}),
        (Constant, {"value": True}),
        (Linear, {"start": "0", "end": 1.0, "steps": 3}),
        (Linear, {"start": 0.0, "end": 1.0, "steps": 0}),
        (Linear, {"start": 0.0, "end": 1.0, "steps": 2.5}),
        (Linear, {"start": 0.0, "end": 1.0, "epochs": 3, "warmup": -1}),
        (Exponential, {"start": 0.0, "end": 1.0, "steps": 3}),
        (Step, {"start": 1.0, "factor": 2.0, "steps": 3}),
        (Step, {"start": 1.0, "factor": 0.5, "steps": 3, "limit": 2.0}),
        (Step, {"start": 1.0, "factor": 0.0, "steps": 3}),
        (Piecewise, {"values": [1.0, 2.0], "steps": 3}),
        (Piecewise, {"values": [1.0], "steps": []}),
        (Piecewise, {"values": [1.0, 2.0, 3.0], "steps": [5, 5]}),
        (Piecewise, {"values": [1.0, 2.0], "steps": [5, 9]}),
        (Piecewise, {"values": [1.0, 2.0], "steps": [5], "interpolation": "linear"}),
        (Cyclical, {"low": 0.0, "high": 1.0, "steps": 3, "ramp": 0.0}),
    ],
)
def test_wrong_arguments_are_refused(cls, arguments):
    with pytest.raises(ValueError, match="Received"):
        cls(**arguments)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="Unknown shape 'square'"):
        Cyclical(0.0, 1.0, steps=3, shape="square")
    with pytest.raises(ValueError, match="Unknown interpolation 'cubic'"):
        Piecewise([0.0, 1.0], steps=[1], interpolation="cubic")

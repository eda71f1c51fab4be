"""Every registered scale gives a positive finite divisor, and remembers only labelled training batches."""

from __future__ import annotations

import json
import math

import keras
import numpy as np
import pytest
from keras import ops

import multiloss
from backend import compiled
from multiloss._core import registry
from multiloss._core.scale import Observation, Scale
from multiloss.scales import Constant, MaxAbsTarget, RunningMean, TargetRange, TargetVariance, resolve_scale
from multiloss.testing import observe

CASES = [
    pytest.param(entry.cls, dict(case), id=f"{entry.name}-{number}")
    for entry in registry.members("scale")
    for number, case in enumerate(entry.cases)
]
TARGETS = np.array([[1.0, -3.0], [0.5, 2.0]], "float32")


def follow(scale, observations):
    """The divisors of some steps, and the last state."""
    state, divisors = scale.init(), []
    for observation in observations:
        divisor, state = scale.divisor(observation, state)
        divisors.append(float(divisor))
    return divisors, {name: ops.convert_to_numpy(value) for name, value in state.items()}


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_comes_back_from_its_config(cls, arguments):
    scale = cls(**arguments)
    config = scale.get_config()
    assert json.loads(json.dumps(config)) == config
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(scale))
    assert isinstance(again, cls)
    assert again.get_config() == config
    observations = [observe(loss, targets=TARGETS) for loss in (3.0, 1.0)]
    assert follow(again, observations)[0] == follow(scale, observations)[0]


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_is_positive_and_finite_whatever_comes(cls, arguments):
    for loss in (0.0, 1e-30, 1.0, 1e30, -2.0):
        for targets in (0.0 * TARGETS, 1e-30 * TARGETS, 1e15 * TARGETS, TARGETS[:1, :1], TARGETS[:0]):
            for present in (True, False):
                observations = [observe(loss, targets=targets, present=present)] * 3
                divisors, state = follow(cls(**arguments), observations)
                assert all(math.isfinite(divisor) and divisor > 0 for divisor in divisors), (loss, targets, divisors)
                assert all(np.isfinite(value).all() for value in state.values())


@pytest.mark.parametrize(("cls", "arguments"), CASES)
@pytest.mark.parametrize("still", [{"training": False}, {"present": False}])
def test_remembers_only_labelled_training_batches(cls, arguments, still):
    scale = cls(**arguments)
    _, state = follow(scale, [observe(3.0, targets=TARGETS)])
    _, after = scale.divisor(observe(100.0, targets=TARGETS, **still), state)
    assert {name: float(value) for name, value in after.items()} == {
        name: float(value) for name, value in state.items()
    }


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_compiles_and_keeps_the_form_of_its_state(cls, arguments):
    scale = cls(**arguments)

    @compiled
    def step(loss, present, targets, labelled, state):
        return scale.divisor(Observation(loss, present, targets, labelled, training=True), state)

    labelled = np.array([[1.0, 0.0], [1.0, 1.0]], "float32")
    state = scale.init()
    eager, _ = scale.divisor(observe(3.0, targets=TARGETS, labelled=labelled), state)
    arrays = [ops.convert_to_tensor(array) for array in (np.float32(3.0), np.array(True), TARGETS, labelled)]
    divisor, after = step(*arrays, {name: ops.convert_to_tensor(value) for name, value in state.items()})
    assert float(divisor) == pytest.approx(float(eager))
    form = {name: (value.shape, str(value.dtype)) for name, value in state.items()}
    after = {name: ops.convert_to_numpy(value) for name, value in after.items()}
    assert {name: (value.shape, str(value.dtype)) for name, value in after.items()} == form


@pytest.mark.parametrize("entry", registry.members("scale"), ids=lambda entry: entry.name)
def test_is_described_and_found_by_name(entry):
    assert entry.summary.endswith(".")
    assert getattr(multiloss.scales, entry.cls.__name__) is entry.cls
    assert isinstance(resolve_scale(entry.name), entry.cls)
    assert isinstance(entry.cls.fixed, bool)


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


LABELLED = np.array([[1, 0], [1, 1]], "float32")


@pytest.mark.parametrize(
    ("scale", "statistic"),
    [
        (MaxAbsTarget(), lambda values: np.max(np.abs(values))),
        (TargetRange(), np.ptp),
        (TargetVariance(), np.var),
    ],
)
def test_target_statistics_are_those_of_the_labelled_targets(scale, statistic):
    targets = np.array([[1.5, 1000.0], [-4.0, 2.0]], "float32")
    found, _ = scale.divisor(observe(1.0, targets=targets, labelled=LABELLED), {})
    assert float(found) == pytest.approx(statistic(targets[LABELLED > 0].astype(float)), rel=1e-5)
    found, _ = scale.divisor(observe(1.0, targets=targets), {})
    assert float(found) == pytest.approx(statistic(targets.astype(float)), rel=1e-5)
    found, _ = scale.divisor(observe(1.0, targets=(100 * targets).astype("int32")), {})
    assert float(found) == pytest.approx(statistic(100 * targets.astype(float)), rel=1e-5)


@pytest.mark.parametrize("scale", [TargetRange(), TargetVariance()])
def test_equal_targets_and_a_single_one_give_one(scale):
    for targets in (np.full(7, 1e6 / 3, "float32"), np.full(7, -1e-6 / 3, "float32"), np.array([5.0], "float32")):
        assert float(scale.divisor(observe(1.0, targets=targets), {})[0]) == 1.0
    targets = np.array([5.0, -1.0, 3.0], "float32")
    labelled = np.array([0, 1, 0], "float32")
    assert float(scale.divisor(observe(1.0, targets=targets, labelled=labelled), {})[0]) == 1.0


@pytest.mark.parametrize("scale", [MaxAbsTarget(), TargetRange(), TargetVariance()])
def test_no_label_and_no_target(scale):
    nothing = np.zeros_like(TARGETS)
    assert float(scale.divisor(observe(0.0, targets=TARGETS, labelled=nothing), {})[0]) == 1.0
    with pytest.raises(ValueError, match=f"{type(scale).__name__} needs a term with a target"):
        scale.divisor(observe(1.0), {})


def test_the_statistics_follow_small_units():
    targets = np.random.default_rng(0).normal(size=50).astype("float32")
    for scale, power in ((MaxAbsTarget(), 1), (TargetRange(), 1), (TargetVariance(), 2)):
        one, _ = scale.divisor(observe(1.0, targets=targets), {})
        small, _ = scale.divisor(observe(1.0, targets=targets * np.float32(1e-6)), {})
        assert float(small) == pytest.approx(float(one) * 1e-6**power, rel=1e-4)


def test_numbers_names_configs_and_none_become_scales():
    assert isinstance(resolve_scale(2), Constant)
    assert resolve_scale(np.float32(2.5)).value == 2.5
    assert resolve_scale(None).value == 1.0
    assert isinstance(resolve_scale("running_mean"), RunningMean)
    given = RunningMean(decay=0.5)
    assert resolve_scale(given) is given
    assert isinstance(resolve_scale(keras.saving.serialize_keras_object(given)), Scale)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), True, "nothing", object()])
def test_what_is_no_scale_is_refused(value):
    with pytest.raises(ValueError, match=r"Received|Unknown scale"):
        resolve_scale(value)


@pytest.mark.parametrize("arguments", [{"decay": 1.0}, {"power": 2.0}, {"freeze_after": 0}, {"freeze_after": 1.5}])
def test_running_mean_refuses_wrong_arguments(arguments):
    with pytest.raises(ValueError, match="Received"):
        RunningMean(**arguments)

"""Every registered scale gives a positive finite divisor, and remembers only labelled training batches."""

from __future__ import annotations

import json
import math

import keras
import numpy as np
import pytest
from keras import ops

import multiloss
from backend import compiled, value_and_gradient
from multiloss._core import registry
from multiloss._core.scale import Observation, Scale
from multiloss.scales import Constant, RunningMean, get
from multiloss.testing import observe
from scale_runs import follow

CASES = [
    pytest.param(entry.cls, dict(case), id=f"{entry.name}-{number}")
    for entry in registry.members("scale")
    for number, case in enumerate(entry.cases)
]
MEASURED = [pytest.param(entry.cls, id=entry.name) for entry in registry.members("scale") if entry.cls.awaits_pass]
TARGETS = np.array([[1.0, -3.0], [0.5, 2.0]], "float32")


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
def test_is_positive_and_finite_for_losses_of_all_sizes_in_a_row(cls, arguments):
    losses = [0.0, 1e-38, 3.0, -1e30, 1e30, 1e-30, float("inf"), float("nan"), 0.0, 2.0]
    divisors, state = follow(cls(**arguments), [observe(loss, targets=TARGETS) for loss in losses])
    assert all(math.isfinite(divisor) and divisor > 0 for divisor in divisors), divisors
    assert all(np.isfinite(value).all() for value in state.values()), state


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_only_divides_and_is_detached(cls, arguments):
    """Nothing is subtracted and no gradient runs through the divisor: the gradient keeps its direction."""
    scale = cls(**arguments)
    point = np.array([1.5, -2.5], "float32")
    size = 8.5  # the sum of squares: more than the loss before, so that a maximum moves too
    before = scale.init()
    for earlier in ([], [3.0]):
        divisors, _ = follow(scale, [observe(loss, targets=TARGETS) for loss in (*earlier, size)])

        def scaled(point, state=before):
            loss = ops.sum(point * point)
            divisor, _ = scale.divisor(observe(loss, targets=TARGETS), state)
            return loss / divisor

        value, gradient = value_and_gradient(scaled, point)
        assert value == pytest.approx(size / divisors[-1], rel=1e-6)
        np.testing.assert_allclose(gradient, 2.0 * point / divisors[-1], rtol=1e-5)
        _, before = scale.divisor(observe(3.0, targets=TARGETS), before)


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
    assert isinstance(get(entry.name), entry.cls)
    assert isinstance(entry.cls.fixed, bool)


def test_numbers_names_configs_and_none_become_scales():
    assert isinstance(get(2), Constant)
    assert get(np.float32(2.5)).value == 2.5
    assert get(None).value == 1.0
    assert isinstance(get("running_mean"), RunningMean)
    given = RunningMean(decay=0.5)
    assert get(given) is given
    assert isinstance(get(keras.saving.serialize_keras_object(given)), Scale)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), True, "nothing", object()])
def test_what_is_no_scale_is_refused(value):
    with pytest.raises(ValueError, match=r"Received|Unknown scale"):
        get(value)


@pytest.mark.parametrize("cls", MEASURED)
def test_a_measuring_pass_gives_a_state_of_the_same_form(cls):
    scale = cls()
    before, after = scale.init(), scale.measured(np.array([2.0, 6.0, 4.0]))
    assert scale.fixed
    form = {name: (value.shape, value.dtype) for name, value in before.items()}
    assert {name: (value.shape, value.dtype) for name, value in after.items()} == form
    assert float(scale.divisor(observe(7.0), before)[0]) == 1.0
    divisor, kept = scale.divisor(observe(7.0), after)
    assert float(divisor) != 1.0
    assert {name: float(value) for name, value in kept.items()} == {name: float(value) for name, value in after.items()}

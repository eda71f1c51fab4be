"""Every registered schedule: config, compilation, finite values, the final value."""

from __future__ import annotations

import json
import math

import keras
import numpy as np
import pytest
from keras import ops

import multiloss
from backend import NAME, compilers
from multiloss._core import registry
from multiloss.schedules import TrainingProgress

CASES = [
    pytest.param(entry.cls, dict(case), id=f"{entry.name}-{number}")
    for entry in registry.members("schedule")
    for number, case in enumerate(entry.cases)
]
SCHEDULES = [case.values[0](**case.values[1]) for case in CASES]
# The last epoch and step are beyond every case's length.
PLACES = [(0, 0), (1, 0), (7, 1), (20, 2), (40, 3), (61, 8), (10_000, 20), (10_000_000, 1000)]


def progress(step, epoch, loss=float("nan"), log=float("nan")):
    """Progress with the term and the log that the cases name."""
    return TrainingProgress(step, epoch, losses={"a": loss}, logs={"val_a_accuracy": log})


def value(schedule, *read):
    return float(schedule.value(progress(*read)))


def history(schedule):
    """Values over training, before and after the losses and logs are known."""
    known = [(0.7, 0.8), (0.4, 0.8), (0.4, 0.95)]
    return [value(schedule, *place) for place in PLACES] + [
        value(schedule, *place, *last) for place in PLACES for last in known
    ]


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_comes_back_from_its_config(cls, arguments):
    schedule = cls(**arguments)
    stored = json.dumps(keras.saving.serialize_keras_object(schedule))
    again = keras.saving.deserialize_keras_object(json.loads(stored))
    assert type(again) is cls
    assert again.get_config() == schedule.get_config()
    assert cls.from_config(json.loads(json.dumps(schedule.get_config()))).get_config() == schedule.get_config()
    assert history(again) == history(schedule)
    assert again.final() == schedule.final()


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_keeps_all_its_arguments(cls, arguments):
    config = cls(**arguments).get_config()
    plain = {key: given for key, given in arguments.items() if not isinstance(given, multiloss.schedules.Schedule)}
    assert set(arguments) <= set(config)
    numbers = {key: config[key] for key in plain if isinstance(config[key], float | int | str | list)}
    assert numbers == {key: plain[key] for key in numbers}
    assert numbers


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_is_a_finite_float32_scalar_at_every_step(cls, arguments):
    schedule = cls(**arguments)
    given = schedule.value(progress(3, 1))
    assert tuple(given.shape) == ()
    assert keras.backend.standardize_dtype(given.dtype) == "float32"
    values = history(schedule)
    values += [value(schedule, step, step // 10) for step in range(0, 60, 3)]
    assert all(math.isfinite(entry) for entry in values)


@pytest.mark.parametrize("compiler", compilers())
def test_compiles_once_and_gives_the_same(compiler):
    """One function of all cases: a trace for each would take minutes on some backends."""
    traces = []

    def everything(step, epoch, loss, log):
        if NAME != "torch":  # torch.compile would watch the list
            traces.append(1)
        return ops.stack([schedule.value(progress(step, epoch, loss, log)) for schedule in SCHEDULES])

    step_of = compilers()[compiler](everything)
    for place in PLACES:
        for last in ((float("nan"), float("nan")), (0.4, 0.95)):
            arrays = [ops.convert_to_tensor(np.int32(entry)) for entry in place]
            arrays += [ops.convert_to_tensor(np.float32(entry)) for entry in last]
            found = ops.convert_to_numpy(step_of(*arrays))
            eager = [value(schedule, *place, *last) for schedule in SCHEDULES]
            np.testing.assert_allclose(found, eager, rtol=1e-5, atol=1e-7)
    assert len(traces) == (0 if NAME == "torch" else 1)


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_the_final_value_is_where_it_ends(cls, arguments):
    schedule = cls(**arguments)
    assert isinstance(schedule.final(), float)
    if "final" in arguments:
        assert schedule.final() == arguments["final"]
    elif cls is multiloss.schedules.Cyclical:
        fine = cls(**{**arguments, schedule.unit: 400})  # so fine that a step falls on the top
        values = [value(fine, step, step) for step in range(4000, 4400)]
        assert schedule.final() == fine.final() == pytest.approx(max(values), rel=5e-3)
        assert max(values) <= schedule.final()
    else:
        met = (0.0, 1.0)  # the losses and logs at which every condition of the cases holds
        assert value(schedule, 10_000_000, 100_000, *met) == pytest.approx(schedule.final(), rel=1e-5)


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_says_what_it_reads(cls, arguments):
    """What is not declared is not needed; what is declared is."""
    schedule = cls(**arguments)
    losses, logs = {"a": 1.0}, dict.fromkeys(schedule.monitors(), 1.0)
    schedule.value(TrainingProgress(1, 1, losses=losses if schedule.reads_losses() else {}, logs=logs))
    if schedule.reads_losses():
        with pytest.raises(ValueError, match="Unknown term 'a'"):
            schedule.value(TrainingProgress(1, 1, losses={"b": 1.0}, logs=logs))
    if schedule.monitors():
        with pytest.raises(ValueError, match="Unknown epoch log"):
            schedule.value(TrainingProgress(1, 1, losses=losses, logs={}))


@pytest.mark.parametrize("entry", registry.members("schedule"), ids=lambda entry: entry.name)
def test_is_described_and_found_by_name(entry):
    assert entry.summary.endswith(".")
    assert getattr(multiloss.schedules, entry.cls.__name__) is entry.cls
    assert any(case for case in entry.cases)

"""What `When` reads, and what it makes of it."""

from __future__ import annotations

import itertools
import json
import operator

import keras
import numpy as np
import pytest
from keras import ops

from multiloss.schedules import Linear, Schedule, TrainingProgress, When

NAN = float("nan")


@keras.saving.register_keras_serializable("test_schedule_conditions")
def both_are_good(losses, logs, epoch):
    """A condition over two losses, a log and the epoch."""
    learnt = ops.logical_and(losses["a"] < 0.5, losses["b"] < 0.1)
    return ops.logical_and(learnt, ops.logical_or(logs["val_accuracy"] > 0.9, epoch > 50))


def holds(condition, progress, **given):
    return float(When(condition, 1.0, otherwise=0.0, **given).value(progress)) == 1.0


@pytest.mark.parametrize(
    ("sign", "compare"), [("<", operator.lt), ("<=", operator.le), (">", operator.gt), (">=", operator.ge)]
)
def test_a_condition_in_words_compares_what_it_names(sign, compare):
    for number, space in itertools.product((4, 5, 6), ("", " ")):
        progress = TrainingProgress(number, number, losses={"a/b c": float(number)}, logs={"val_loss": float(number)})
        for name in ("step", "epoch", "a/b c_loss", "val_loss"):
            assert holds(f"{name}{space}{sign}{space}5e0", progress) == compare(number, 5), name


def test_step_and_epoch_loss_and_log_are_not_mixed_up():
    progress = TrainingProgress(
        10, 2, losses={"a": 0.5, "val": 0.7}, logs={"val_a_loss": 0.9, "a_weight": 3.0, "loss": 4.0}
    )
    for condition in ("step == 10", "epoch == 2", "a_loss == 0.5"):
        name, _, number = condition.split()
        assert holds(f"{name} >= {number}", progress)
        assert not holds(f"{name} > {number}", progress)
    for name, number in progress.logs.items():
        assert holds(f"{name} >= {number - 0.01}", progress)
        assert not holds(f"{name} > {number + 0.01}", progress)


def test_what_is_not_known_yet_makes_it_false():
    progress = TrainingProgress(0, 0, losses={"a": np.float32(NAN)}, logs={"val_loss": np.float32(NAN)})
    for name, sign in itertools.product(("a_loss", "val_loss"), ("<", "<=", ">", ">=")):
        assert not holds(f"{name} {sign} 1", progress)


def test_what_is_declared():
    assert When("step > 5", 1, otherwise=0).monitors() == ()
    assert not When("step > 5", 1, otherwise=0).reads_losses()
    assert When("a_loss > 5", 1, otherwise=0).reads_losses()
    assert When("a_loss > 5", 1, otherwise=0).monitors() == ()
    assert When("val_a_loss > 5", 1, otherwise=0).monitors() == ("val_a_loss",)
    assert not When("val_a_loss > 5", 1, otherwise=0).reads_losses()
    inner = When("a_loss < 1", 1.0, otherwise=When("val_mae < 1", 1.0, otherwise=When("mae < 2", 0.0, otherwise=1.0)))
    assert When("val_mae < 3", 0.0, otherwise=inner).monitors() == ("val_mae", "mae")
    assert When("val_mae < 3", 0.0, otherwise=inner).reads_losses()
    judged = When(both_are_good, 1.0, otherwise=0.0, monitor=["val_accuracy"])
    assert judged.monitors() == ("val_accuracy",)
    assert judged.reads_losses()
    assert not When(lambda step: step > 3, 1.0, otherwise=0.0).reads_losses()


def test_a_function_is_called_by_argument_name_and_saved():
    schedule = When(both_are_good, then=2.0, otherwise=Linear(0.0, 1.0, steps=10), monitor=["val_accuracy"])
    stored = json.dumps(keras.saving.serialize_keras_object(schedule))
    again = keras.saving.deserialize_keras_object(json.loads(stored))
    assert again.condition is both_are_good
    for a, accuracy, epoch in itertools.product((0.4, 0.6), (0.8, 0.95, NAN), (0, 60)):
        progress = TrainingProgress(5, epoch, losses={"a": a, "b": 0.0}, logs={"val_accuracy": accuracy})
        expected = 2.0 if a < 0.5 and (accuracy > 0.9 or epoch > 50) else 0.5
        assert float(schedule.value(progress)) == float(again.value(progress)) == expected


def test_a_branch_keeps_the_time_of_training():
    schedule = When("step >= 10", then=Linear(0.0, 1.0, steps=20), otherwise=0.25)
    values = [float(schedule.value(TrainingProgress(step, 0))) for step in (0, 9, 10, 15, 20, 30)]
    assert values == pytest.approx([0.25, 0.25, 0.5, 0.75, 1.0, 1.0])


@pytest.mark.parametrize(
    ("condition", "final"),
    [
        ("step > 5", 3.0),
        ("epoch >= 5", 3.0),
        ("step < 5", 0.2),
        ("epoch <= 5", 0.2),
        ("a_loss < 0.1", 3.0),
        ("val_accuracy > 0.9", 3.0),
        (lambda epoch: epoch > 3, 3.0),
    ],
)
def test_the_final_value_is_that_of_the_branch_to_which_training_comes(condition, final):
    branches = {"then": Linear(0.0, 3.0, epochs=5), "otherwise": Linear(1.0, 0.2, steps=5)}
    assert When(condition, **branches).final() == final
    assert When(condition, **branches, final=0.5).final() == 0.5


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "step",
        "> 5",
        "step > ",
        "step = 5",
        "step == 5",
        "step != 5",
        "step > five",
        "1 < step < 5",
        "step > 5 6",
        "step > inf",
        "a_loss > nan",
        "step => 5",
        "step >> 5",
        "step > 5 and epoch > 1",
        5,
        None,
    ],
)
def test_what_is_no_condition_is_refused(condition):
    with pytest.raises(ValueError, match=r"Received"):
        When(condition, 1.0, otherwise=0.0)


def _strange(step, weather):
    return step > weather


def _logs(logs):
    return logs["val_loss"] < 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"condition": _strange}, "may ask by name for any of"),
        ({"condition": lambda *everything: True}, "may ask by name for any of"),
        ({"condition": _logs}, "`monitor` must name the epoch logs"),
        ({"condition": lambda step: step > 1, "monitor": ["val_loss"]}, "`monitor` must name the epoch logs"),
        ({"condition": "step > 1", "monitor": ["val_loss"]}, "`monitor` goes with a function"),
        ({"condition": "step > 1", "then": "much"}, "`then` must be a finite number"),
        ({"condition": "step > 1", "final": NAN}, "`final` must be a number"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        When(**{"then": 1.0, "otherwise": 0.0, **arguments})


def test_an_unknown_term_is_refused_with_those_that_there_are():
    progress = TrainingProgress(0, 0, losses={"label": 0.5, "size": 0.1}, logs={"val_loss": 1.0})
    with pytest.raises(ValueError, match=r"Unknown term 'lable'. Did you mean 'label'\? Known: label, size"):
        When("lable_loss < 1", 1.0, otherwise=0.0).value(progress)
    with pytest.raises(ValueError, match="Unknown epoch log 'val_accuracy'"):
        When("val_accuracy > 1", 1.0, otherwise=0.0).value(progress)


def test_a_function_must_give_one_truth_value():
    with pytest.raises(ValueError, match="must return a scalar"):
        When(lambda step: ops.stack([step > 1, step > 2]), 1.0, otherwise=0.0).value(TrainingProgress(0, 0))


def test_a_schedule_of_the_users_own_is_a_branch():
    class Parity(Schedule):
        def value(self, progress):
            return ops.cast(ops.mod(ops.convert_to_tensor(progress.step), 2), "float32")

        def final(self):
            return 1.0

    schedule = When("epoch >= 1", Parity(), otherwise=5.0)
    assert [float(schedule.value(TrainingProgress(step, step // 2))) for step in range(4)] == [5.0, 5.0, 0.0, 1.0]


def test_it_is_shown_in_words():
    inner = When(both_are_good, Linear(0.0, 1.0, steps=5), otherwise=0.5, monitor=["val_accuracy"])
    assert repr(When("epoch >= 2", then=inner, otherwise=0.0)) == (
        "When(condition='epoch >= 2', then=When(condition=both_are_good, then=Linear(start=0.0, end=1.0, steps=5), "
        "otherwise=Constant(value=0.5), monitor=['val_accuracy']), otherwise=Constant(value=0.0))"
    )

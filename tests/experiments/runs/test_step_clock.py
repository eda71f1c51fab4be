"""Seconds per step, with a clock of our own."""

import pytest

from multiloss.experiments.runs import _callbacks

pytestmark = pytest.mark.one_backend


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(_callbacks.time, "perf_counter", lambda: now[0])
    found = _callbacks.StepClock()

    def train(epochs, steps_per_execution=1):
        for epoch, durations in enumerate(epochs):
            found.on_epoch_begin(epoch)
            for place, seconds in enumerate(durations):
                first = place * steps_per_execution
                now[0] += 100.0  # between steps: validation, callbacks
                found.on_train_batch_begin(first)
                now[0] += seconds
                found.on_train_batch_end(first + steps_per_execution - 1)
        return found.seconds_per_step()

    train.clock = found
    return train


def test_the_compiling_epoch_is_left_out(clock):
    assert clock([[50.0, 9.0, 9.0], [1.0, 2.0, 9.0], [3.0, 2.0], [400.0]]) == pytest.approx(4.0)


def test_one_epoch_leaves_its_first_steps_out(clock):
    assert clock([[50.0, 9.0, 9.0, 1.0, 2.0, 3.0]]) == pytest.approx(2.0)


def test_a_dear_step_among_cheap_ones_counts(clock):
    """A balancer that solves in every fourth step: the middle step would hide what it costs."""
    assert clock([[9.0] * 4, [5.0, 1.0, 1.0, 1.0], [5.0, 1.0, 1.0, 1.0]]) == pytest.approx(2.0)


def test_too_few_steps_give_no_number(clock):
    assert clock([[50.0, 9.0]]) is None


def test_several_steps_in_one_execution_share_the_time(clock):
    assert clock([[50.0], [4.0, 4.0]], steps_per_execution=4) == pytest.approx(1.0)


def test_training_time_counts_compiling_steps_as_the_others(clock):
    clock([[500.0, 90.0, 90.0, 2.0], [4.0, 6.0]])
    assert clock.clock.steps == 6
    assert clock.clock.training_seconds() == pytest.approx(6 * (2.0 + 4.0 + 6.0) / 3)


def test_a_time_limit_ends_training(monkeypatch):
    now, told = [0.0], []
    monkeypatch.setattr(_callbacks.time, "perf_counter", lambda: now[0])
    limit = _callbacks.TimeLimit(10.0, told.append)
    limit.set_model(type("Model", (), {"stop_training": False})())
    limit.on_epoch_begin(0)
    for batch in range(100):
        limit.on_train_batch_begin(batch)
        now[0] += 50.0 if batch == 0 else 1.0  # the first one compiles
        limit.on_train_batch_end(batch)
        if limit.model.stop_training:
            break
    assert limit.steps == 10
    assert told[-1] == 1.0
    assert told == sorted(told)

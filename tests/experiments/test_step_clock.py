"""Seconds per step, with a clock of our own."""

import pytest

from multiloss.experiments import _callbacks


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

    return train


def test_the_compiling_epoch_is_left_out(clock):
    assert clock([[50.0, 9.0, 9.0], [1.0, 2.0, 30.0], [3.0, 2.0]]) == pytest.approx(2.0)


def test_one_epoch_leaves_its_first_steps_out(clock):
    assert clock([[50.0, 9.0, 9.0, 1.0, 2.0, 3.0]]) == pytest.approx(2.0)


def test_too_few_steps_give_no_number(clock):
    assert clock([[50.0, 9.0]]) is None


def test_several_steps_in_one_execution_share_the_time(clock):
    assert clock([[50.0], [4.0, 4.0]], steps_per_execution=4) == pytest.approx(1.0)

"""Ctrl-C ends a training between two steps, wherever it comes."""

import signal

import keras
import numpy as np
import pytest

from multiloss.experiments.runs._interrupts import Interrupts

pytestmark = pytest.mark.one_backend


def _ctrl_c():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def handler():
    """Under a program that ignores Ctrl-C the default one is missing."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


class _Asks(keras.callbacks.Callback):
    def __init__(self, when, batch):
        super().__init__()
        self.steps = []
        self.when = when
        self.batch = batch

    def on_train_batch_begin(self, batch, logs=None):
        self._maybe("train", batch)

    def on_test_batch_begin(self, batch, logs=None):
        self._maybe("test", batch)

    def _maybe(self, when, batch):
        self.steps.append((when, batch))
        if (when, batch) == (self.when, self.batch):
            _ctrl_c()


@pytest.mark.parametrize(("when", "steps"), [("train", [("train", 0), ("train", 1)]), ("test", None)])
def test_training_stops_before_the_next_step(handler, when, steps):
    asks = _Asks(when, 1)
    data = np.ones((4, 2)), np.ones((4, 1))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        model.fit(*data, batch_size=1, validation_data=data, verbose=0, callbacks=[interrupts, asks])
    assert asks.steps == (steps or [("train", 0), ("train", 1), ("train", 2), ("train", 3), ("test", 0), ("test", 1)])
    assert signal.getsignal(signal.SIGINT) is handler


def _asked(times, then=lambda: None):
    with Interrupts():
        for _ in range(times):
            _ctrl_c()
        then()


def test_what_is_no_step_is_finished_first():
    done = []
    with pytest.raises(KeyboardInterrupt):
        _asked(1, lambda: done.append(True))
    assert done


def test_a_second_one_stops_at_once():
    done = []
    with pytest.raises(KeyboardInterrupt):
        _asked(2, lambda: done.append(True))
    assert not done


def test_an_error_on_the_way_is_the_cause():
    def fail():
        raise RuntimeError("another")

    with pytest.raises(KeyboardInterrupt) as caught:
        _asked(1, fail)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_without_ctrl_c_nothing_changes(handler):
    with pytest.raises(RuntimeError, match="its own"), Interrupts():
        raise RuntimeError("its own")
    with Interrupts():
        pass
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_ignored_interrupt_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interrupts():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN

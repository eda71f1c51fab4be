"""Saved in the middle of an epoch, loaded in a new process, gone on with: as if never stopped, to the last bit."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import resume_cases as cases


class _Keeps(keras.callbacks.Callback):
    """Keeps, after a number of batches, what the trainer holds then; Keras's checkpoint has just written the file."""

    def __init__(self):
        super().__init__()
        self.batches = 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if self.batches == cases.STOPS_AFTER:
            self.state = list(cases.state_of(self.model))


class _Stops(keras.callbacks.Callback):
    """Breaks off a training, as an error in the user's own code would."""

    batches = 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if self.batches == cases.STOPS_AFTER:
            assert self.model.built  # on JAX, reading the model gives the variables their values
            raise InterruptedError


def _train(name, path):
    """What is held at the stop, and what comes out in the end.

    What the metrics have counted of an epoch is in no file of Keras's: its logs are lost when it is left. Where a
    schedule or the balancer reads them, this process too leaves the epoch and goes on as the new one does; and where
    the calls themselves draw from a generator of the model's.
    """
    trainer = cases.CASES[name]()
    checkpoint = keras.callbacks.ModelCheckpoint(path, save_freq=cases.STOPS_AFTER)
    kept = _Keeps()
    if trainer.program.objective.history.log_names or name in cases.DRAWS_BY_CALL:
        with pytest.raises(InterruptedError):
            cases.train(trainer, callbacks=[checkpoint, kept, _Stops()])
        logs = cases.go_on(trainer)
    else:
        logs = {key: values[-1:] for key, values in cases.train(trainer, callbacks=[checkpoint, kept]).items()}
    return kept, logs, list(cases.state_of(trainer))


def _of(found, kind):
    return [found[f"{kind}_{index}"] for index in range(sum(key.startswith(f"{kind}_") for key in found))]


def _compare(kept, logs, state, found):
    for expected, kind in ((kept.state, "loaded"), (state, "state")):
        for one, other in zip(expected, _of(found, kind), strict=True):
            np.testing.assert_array_equal(other, one, err_msg=kind)
    for key, values in logs.items():
        np.testing.assert_array_equal(found[f"log_{key}"], values, err_msg=key)


def test_it_goes_on_as_if_never_stopped(tmp_path):
    """One test, so that one process trains all cases, and another one goes on with all of them."""
    expected = {name: _train(name, tmp_path / f"{name}.keras") for name in cases.CASES}
    script = Path(__file__).with_name("resume_child.py")
    subprocess.run([sys.executable, script, tmp_path], check=True, env=os.environ, stdout=subprocess.DEVNULL)
    differ = {}
    for name, (kept, logs, state) in expected.items():
        with np.load(tmp_path / f"{name}.npz") as found:
            try:
                _compare(kept, logs, state, dict(found))
            except AssertionError as error:
                differ[name] = str(error)
    assert not differ

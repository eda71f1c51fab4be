"""`BackupAndRestore(save_freq=n)`: the epoch begins anew with the weights and all state of its middle, as in Keras."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import resume_cases as cases
from models import data, largest_difference, two_heads, weights_of

import multiloss as ml

BROKEN_OFF = 5  # batches; the last backup is of the fourth, the first of the second epoch


class _Stops(keras.callbacks.Callback):
    def __init__(self, batches):
        super().__init__()
        self.left, self.epochs = batches, []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append(epoch)

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            assert self.model.built  # on JAX, reading the model gives the variables their values
            raise InterruptedError


@pytest.mark.one_backend
def test_a_killed_training_goes_on_in_a_new_process(tmp_path):
    trainer = cases.CASES["balancer-gradnorm"]()
    with pytest.raises(InterruptedError):
        cases.train(trainer, callbacks=[_Stops(BROKEN_OFF - 1)])
    cases.train(trainer, initial_epoch=1)
    for batches, code in ((BROKEN_OFF, -signal.SIGKILL), (0, 0)):
        script = [sys.executable, Path(__file__).with_name("backup_child.py"), tmp_path, str(batches)]
        done = subprocess.run(script, env=os.environ, capture_output=True, check=False)
        assert done.returncode == code, done.stderr.decode()
    with np.load(tmp_path / "end.npz") as stored:
        assert largest_difference(list(cases.state_of(trainer)), [stored[key] for key in stored]) == 0.0


def _broken_off_and_taken_up(make, folder):
    """The model that goes on, and the epochs that it sees."""
    x, y = data(48)
    seen = []
    for batches in (BROKEN_OFF, 0):
        model, stops = make(), _Stops(batches)
        callbacks = [keras.callbacks.BackupAndRestore(folder, save_freq=2), stops]
        try:
            model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0, callbacks=callbacks)
        except InterruptedError:
            assert batches
        seen.append(stops.epochs)
    return model, seen


def test_it_is_taken_up_where_plain_keras_takes_it_up(tmp_path):
    loss = {"value": "mse", "label": "sparse_categorical_crossentropy"}

    def plain():
        model = two_heads()
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss=loss, run_eagerly=True)
        return model

    def ours():
        return ml.compile(two_heads(), keras.optimizers.SGD(0.1, momentum=0.9), loss=loss, run_eagerly=True)

    model, seen = _broken_off_and_taken_up(plain, tmp_path / "plain")
    trainer, same = _broken_off_and_taken_up(ours, tmp_path / "ours")
    assert seen == same == [[0, 1], [1, 2]]
    assert largest_difference(weights_of(model), weights_of(trainer.model)) < 1e-6

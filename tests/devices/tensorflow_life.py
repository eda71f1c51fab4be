"""What replicas on TensorFlow do beside a training: what is refused, what is said before it, what workers save."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from configurations import CONFIGURATIONS, compiled
from device_life import files, message
from device_models import model
from device_runs import data, train

import multiloss as ml


def refusals(strategy: tf.distribute.Strategy) -> dict[str, str]:
    """Trainings that would not be those of one device, and are not begun."""
    outside, optimizer = model(), keras.optimizers.SGD(0.05)
    with strategy.scope():
        inside = model()
        found = {
            "model outside": message(lambda: compiled(outside)),
            "optimizer outside": message(lambda: compiled(model(), optimizer=optimizer)),
        }
        joined = model(inner=(keras.layers.BatchNormalization(synchronized=True),))
        over, rare = ml.aggregation.UPGrad(wrt="representation:trunk"), ml.aggregation.UPGrad(every=2)
        trainers = {
            "joined representation": compiled(joined, balancer=over),
            "joined rare": compiled(joined, balancer=rare),
        }
    x, y, _ = data()
    found |= {name: message(lambda: each.fit(x, y, batch_size=16, verbose=0)) for name, each in trainers.items()}  # noqa: B023
    found["trainer outside"] = message(lambda: compiled(inside))
    with strategy.scope():
        adding_up = compiled(model(), optimizer=keras.optimizers.SGD(0.05, gradient_accumulation_steps=2))
    found["accumulation"] = message(lambda: adding_up.fit(x, y, batch_size=16, verbose=0))
    with tf.distribute.experimental.CentralStorageStrategy(["CPU:0", "CPU:1"], "CPU:0").scope():
        return {**found, "unknown strategy": message(compiled)}


def warned(strategy: tf.distribute.Strategy) -> dict[str, str]:
    """What cannot be exact is said in one line, and what a step sends."""
    with strategy.scope():
        more = {"whole": ml.Joint(lambda y_pred: keras.ops.max(y_pred["value"]))}
        norm = model(inner=(keras.layers.BatchNormalization(name="norm"),))
        trainer = compiled(norm, optimizer=keras.optimizers.SGD(0.05, clipnorm=1.0), more=more, balancer="upgrad")
    x, y, _ = data(16)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trainer.fit(x, y, batch_size=16, verbose=0)
    lines = [str(each.message) for each in said if "replicas" in str(each.message)]
    assert len(lines) == 1, lines
    return {"warning": lines[0], "explained": trainer.explain()}


def life(strategy: tf.distribute.Strategy) -> dict[str, str]:
    """All of it."""
    return {**refusals(strategy), **warned(strategy)}


def saved(strategy: tf.distribute.Strategy, folder: Path, rank: int) -> dict[str, str]:
    """Checkpoints of all workers, and a save within the scope."""
    with strategy.scope():
        run = CONFIGURATIONS["balancer-famo"]()
    common = folder / "common.keras"

    def wait() -> None:
        """The chief may be still at it."""
        for _ in range(600):
            if common.exists():
                break
            time.sleep(0.1)

    found = files(folder, rank, run, train, wait)
    problem: Any = None  # looked at later
    with strategy.scope():
        found |= {"compare": message(lambda: ml.compare(problem)), "tune": message(lambda: ml.tune(problem))}
        return {**found, "inside": message(lambda: run.trainer.save(common))}

"""What processes on JAX do beside a training: save, load, refuse what cannot be done, run the example."""

from __future__ import annotations

import functools
import runpy
import sys
from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
from configurations import CONFIGURATIONS
from device_life import files, message
from device_runs import data, largest_difference, result, train

import multiloss as ml

EXAMPLES = Path(__file__).parents[2] / "examples"


def refusals() -> dict[str, str]:
    """Batches that leave a rest, by the method that refuses them; the trainer loses nothing."""
    run = CONFIGURATIONS["balancer-upgrad"]()
    (x, y, _), trainer = data(), run.trainer
    fewer = x[:30], {name: target[:30] for name, target in y.items()}
    before = result(run, {})
    found = {
        "fit": message(lambda: trainer.fit(*fewer, batch_size=16, verbose=0)),
        "size": message(lambda: trainer.fit(x, y, batch_size=10, verbose=0)),
        "split": message(lambda: trainer.fit(x, y, batch_size=16, validation_split=0.125, verbose=0)),
        "validation": message(lambda: trainer.fit(x, y, batch_size=16, validation_data=fewer, verbose=0)),
        "evaluate": message(lambda: trainer.evaluate(*fewer, verbose=0)),
        "predict": message(lambda: trainer.predict(fewer[0], verbose=0)),
        "batch": message(lambda: trainer.train_on_batch(*fewer)),
        "generator": message(lambda: trainer.evaluate((each for each in [fewer]), verbose=0)),
    }
    found["lost"] = str(largest_difference(before, result(run, {})))
    train(run)
    return {**found, "explained": trainer.explain()}


def example() -> dict[str, np.ndarray]:
    """The logs of the example of the documentation."""
    sys.path.insert(0, str(EXAMPLES))
    logs = runpy.run_path(str(EXAMPLES / "several_devices_jax.py"))["main"]()
    return {f"log {name}": np.array(values) for name, values in logs.items()}


def alone() -> dict[str, str]:
    """What processes that know of each other cannot do: share nothing, and train models of their own."""
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        found = {"alone": message(lambda: train(CONFIGURATIONS["none"]()))}
    finally:
        keras.distribution.set_distribution(distribution)
    problem: Any = None  # looked at later
    return {**found, "compare": message(lambda: ml.compare(problem)), "tune": message(lambda: ml.tune(problem))}


def life(folder: Path, rank: int, ranks: int) -> dict[str, np.ndarray]:
    """All of it, as texts by name, and logs."""
    if ranks == 1:
        found = refusals()
    else:
        run = CONFIGURATIONS["balancer-random_weighting"]()
        wait = functools.partial(jax.experimental.multihost_utils.sync_global_devices, "written")
        found = {**files(folder, rank, run, lambda each: train(each, rank, ranks), wait), **alone()}
    return {**{name: np.array(text) for name, text in found.items()}, **example()}

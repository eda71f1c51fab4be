"""What processes on JAX do beside a training: save, load, refuse what cannot be done, run the example."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
from configurations import CONFIGURATIONS
from device_runs import Run, data, largest_difference, result, train

import multiloss as ml

EXAMPLES = Path(__file__).parents[2] / "examples"


def message(function: Any) -> str:
    """What is said where something is refused."""
    try:
        function()
    except ValueError as error:
        return str(error)
    return "no error"


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
    return {**found, "lost": str(largest_difference(before, result(run, {})))}


def files(folder: Path, rank: int, ranks: int) -> dict[str, str]:
    """A checkpoint under one path, one under a path of each process, and what is loaded again."""
    own, common = folder / f"own-{rank}.weights.h5", folder / "common.keras"
    run = CONFIGURATIONS["balancer-random_weighting"]()
    run.callbacks = lambda: [keras.callbacks.ModelCheckpoint(own, save_weights_only=True)]
    train(run, rank, ranks)
    before = result(run, {})
    run.trainer.save(common)
    # Nobody waits for the first process, which alone may be asked to save.
    jax.experimental.multihost_utils.sync_global_devices("written")
    found = sorted(path.name for path in folder.iterdir() if path.suffix in (".keras", ".h5"))
    loaded = Run(ml.load(common))
    return {"files": str(found), "loaded": str(largest_difference(before, result(loaded, {})))}


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
    found = refusals() if ranks == 1 else {**files(folder, rank, ranks), **alone()}
    return {**{name: np.array(text) for name, text in found.items()}, **example()}

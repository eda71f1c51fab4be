"""What processes on JAX do beside a training: save, load, look at a batch, and refuse what none of them can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
from configurations import CONFIGURATIONS
from device_runs import BATCH, Run, data, largest_difference, result, share, train

import multiloss as ml


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


def probe(rank: int, ranks: int) -> dict[str, str]:
    """Every process gives its part of a batch, and sees the whole."""
    x, y, _ = share(data(), rank, ranks)
    size, trainer = BATCH // ranks, CONFIGURATIONS["balancer-upgrad"]().trainer
    found = trainer.probe(x[:size], {name: target[:size] for name, target in y.items()})
    whole = {"losses": found.losses, "gramian": found.gramian, "labelled": found.labelled}
    rows = {"rows": str(len(found.predictions["value"]))}
    return {**rows, **{name: str(np.round(each, 5).tolist()) for name, each in whole.items()}}


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
    """All of it, as texts by name."""
    found = probe(rank, ranks)
    if ranks == 1:
        found |= refusals() if keras.distribution.distribution() else {}
    else:
        found |= {**files(folder, rank, ranks), **alone()}
    return {name: np.array(text) for name, text in found.items()}

"""What the lives of all backends do alike: note what is refused, write checkpoints from every process and load them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from device_runs import Run, largest_difference, result

import multiloss as ml


def message(function: Callable[[], Any]) -> str:
    """What is said where something is refused."""
    try:
        function()
    except ValueError as error:
        return str(error)
    return "no error"


def files(folder: Path, rank: int, run: Run, train: Callable[[Run], Any], wait: Callable[[], Any]) -> dict[str, str]:
    """A checkpoint under a path of each process and one under a path of all; what is there, and how far it is off.

    Args:
        folder: where to write.
        rank: of this process.
        run: is trained.
        train: trains it on this process's part.
        wait: waits until the common file is there: nobody else waits for the process that writes.
    """
    own, common = folder / f"own-{rank}.weights.h5", folder / "common.keras"
    run.callbacks = lambda: [keras.callbacks.ModelCheckpoint(own, save_weights_only=True)]
    train(run)
    before = result(run, {})
    run.trainer.save(common)
    wait()
    found = sorted(path.name for path in folder.iterdir() if path.suffix in (".keras", ".h5"))
    loaded = largest_difference(before, result(Run(ml.load(common)), {}))
    return {"files": str(found), "loaded": str(loaded)}

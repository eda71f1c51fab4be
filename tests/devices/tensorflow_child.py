"""Trains configurations on TensorFlow in one process: `tensorflow_child.py FOLDER MODES NAMES`, lists with commas.

The modes are "one", "graph" and "eager" on two logical CPUs, and "workers", for which `TF_CONFIG` says who the others
are. What is left of each training becomes `MODE-NAME-RANK.npz`, and an error `MODE-NAME-RANK.txt`.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import tensorflow as tf

if "TF_CONFIG" in os.environ:
    # It wants to be made before anything else touches TensorFlow's runtime.
    WORKERS = tf.distribute.MultiWorkerMirroredStrategy()
else:
    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)

from configurations import CONFIGURATIONS, OF_THE_WHOLE_BATCH, UNEVEN, joined_statistics
from device_runs import result, train
from everything import everything
from tensorflow_life import life, saved

ALL = {
    **CONFIGURATIONS,
    **OF_THE_WHOLE_BATCH,
    **UNEVEN,
    "everything": everything,
    "joined_statistics": joined_statistics,
}


@functools.cache
def mirrored() -> tf.distribute.MirroredStrategy:
    """One for the whole process: eagerly, the collectives of several get into each other's way."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def strategy_of(mode: str) -> Any:
    """The strategy under which a mode trains."""
    if mode == "workers":
        return WORKERS
    return mirrored() if mode in ("graph", "eager") else None


def main(folder: Path, modes: list[str], names: list[str]) -> None:
    """Trains each configuration in each mode; the strategy cuts the batches, of whatever is given to every worker."""
    rank = json.loads(os.environ.get("TF_CONFIG", '{"task": {"index": 0}}'))["task"]["index"]
    for mode in modes:
        strategy = strategy_of(mode)
        for name in names:
            path = folder / f"{mode}-{name}-{rank}"
            try:
                if name in ("life", "files"):
                    found = life(strategy) if name == "life" else saved(strategy, folder, rank)
                    np.savez(f"{path}.npz", **found)
                    continue
                with contextlib.nullcontext() if strategy is None else strategy.scope():
                    run = ALL[name](**({"run_eagerly": True} if mode == "eager" else {}))
                np.savez(f"{path}.npz", **result(run, train(run)))
            except Exception:
                Path(f"{path}.txt").write_text(traceback.format_exc())
                if mode == "workers":
                    os._exit(1)  # the others would wait for this one


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3].split(","))

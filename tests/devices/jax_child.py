"""Trains configurations on JAX in one process: `jax_child.py FOLDER MODES NAMES`, each list with commas.

The caller says in `XLA_FLAGS` how many devices there are, and in Keras's variables what other processes. What is left
of each training becomes `MODE-NAME-RANK.npz`, and an error `MODE-NAME-RANK.txt`.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import jax
import keras
import numpy as np
from configurations import CONFIGURATIONS, OF_THE_WHOLE_BATCH, UNEVEN
from device_runs import result, train

ALL = {**CONFIGURATIONS, **OF_THE_WHOLE_BATCH, **UNEVEN}


def data_parallel(devices: int) -> Any:
    """A batch is shared by these devices."""
    return keras.distribution.DataParallel(
        devices=keras.distribution.list_devices()[:devices], auto_shard_dataset=False
    )


def model_parallel(batch: int, model: int) -> Any:
    """The kernels of trunk and table are shared by `model` devices, and the batch by `batch` of such groups."""
    devices = keras.distribution.list_devices()[: batch * model]
    mesh = keras.distribution.DeviceMesh((batch, model), ["batch", "model"], devices)
    layouts = keras.distribution.LayoutMap(mesh)
    layouts["trunk.*kernel"] = (None, "model")
    layouts["trunk.*bias"] = ("model",)
    layouts["table.*embeddings"] = (None, "model")
    layouts["value_head.*kernel"] = ("model", None)
    return keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch", auto_shard_dataset=False)


MODES = {
    "one": lambda: None,
    "data2": lambda: data_parallel(2),
    "data4": lambda: data_parallel(4),
    "model2": lambda: model_parallel(1, 2),
    "model4": lambda: model_parallel(2, 2),
    "processes": lambda: data_parallel(len(keras.distribution.list_devices())),
}


def main(folder: Path, modes: list[str], names: list[str]) -> None:
    """Trains each configuration in each mode."""
    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        keras.distribution.initialize()
    rank, ranks = jax.process_index(), jax.process_count()
    for mode in modes:
        keras.distribution.set_distribution(MODES[mode]())
        for name in names:
            path = folder / f"{mode}-{name}-{rank}"
            try:
                run = ALL[name]()
                np.savez(f"{path}.npz", **result(run, train(run, rank, ranks)))
            except Exception:
                Path(f"{path}.txt").write_text(traceback.format_exc())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3].split(","))

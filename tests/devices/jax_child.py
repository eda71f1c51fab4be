"""Trains configurations on JAX in one process: `jax_child.py FOLDER "MODE:NAME,NAME;MODE:NAME"`.

The caller says in `XLA_FLAGS` how many devices there are, and in Keras's variables what other processes. What is left
of each training becomes `MODE-NAME-RANK.npz`, and an error `MODE-NAME-RANK.txt`.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import jax
import keras
import numpy as np
from configurations import CONFIGURATIONS, OF_THE_WHOLE_BATCH, UNEVEN
from device_runs import result, train
from everything import everything
from jax_life import life
from jax_traffic import traffic

LIFE, TRAFFIC = "life", "traffic"  # no configurations: what else a trainer does, and what a step sends
ALL = {**CONFIGURATIONS, **OF_THE_WHOLE_BATCH, **UNEVEN, "everything": everything}


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


def check_layout(mode: str, trainer: Any) -> None:
    """Some kernel is shared by devices where that was asked for, and the state of training by none."""
    spread = [variable.path for variable in trainer.variables if not variable.value.is_fully_replicated]
    assert bool(spread) == mode.startswith("model"), spread
    assert not any(path.startswith("training_state") for path in spread), spread


def main(folder: Path, work: dict[str, list[str]]) -> None:
    """Trains each configuration in each mode."""
    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        keras.distribution.initialize()
    rank, ranks = jax.process_index(), jax.process_count()
    for mode, names in work.items():
        keras.distribution.set_distribution(MODES[mode]())
        for name in names:
            path = folder / f"{mode}-{name}-{rank}"
            try:
                began = time.process_time()
                if name == LIFE:
                    found = life(folder, rank, ranks)
                elif name == TRAFFIC:
                    found = {key: np.array(sent) for key, sent in traffic().items()}
                else:
                    run = ALL[name]()
                    found = result(run, train(run, rank, ranks))
                    check_layout(mode, run.trainer)
                np.savez(f"{path}.npz", **found)
                print(f"{mode} {name}: {time.process_time() - began:.1f} s", flush=True)
            except Exception:
                Path(f"{path}.txt").write_text(traceback.format_exc())


if __name__ == "__main__":
    modes = (part.split(":") for part in sys.argv[2].split(";"))
    main(Path(sys.argv[1]), {mode: names.split(",") for mode, names in modes})

"""Three losses on all devices of one machine or of many, on TensorFlow.

One machine: `python several_devices_tensorflow.py`. Many machines: the same in one process for each, with `TF_CONFIG`
or under Slurm (docs/several_devices.md).
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import tensorflow as tf

if "TF_CONFIG" in os.environ:
    strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else is done with TensorFlow
else:
    strategy = tf.distribute.MirroredStrategy()

import keras
from several_devices_task import GLOBAL_BATCH, LOSSES, build, part

import multiloss as ml


def main() -> dict[str, list[float]]:
    """Trains, saves from the chief, and gives the logs, which are the same in all of them."""
    keras.utils.set_random_seed(1)  # one seed for all
    with strategy.scope():  # model, optimizer and trainer
        trainer = ml.compile(build(), keras.optimizers.SGD(0.01), loss=LOSSES, balancer="pcgrad")
    x, y = part()  # the whole: TensorFlow cuts every batch itself
    # Not shuffled, only so that any number of replicas gives the same numbers.
    history = trainer.fit(x, y, batch_size=GLOBAL_BATCH, epochs=2, shuffle=False, verbose=0).history
    if folder := os.environ.get("OUT"):
        trainer.save(os.path.join(folder, "run.keras"))  # called by all, written by the chief
    print(f"{strategy.num_replicas_in_sync} replicas: loss {history['loss'][-1]:.6f}")
    return history


if __name__ == "__main__":
    main()

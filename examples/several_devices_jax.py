"""Three losses on all devices of one machine or of many, on JAX.

One machine: `python several_devices_jax.py`. Many machines: the same in one process for each, under Slurm by `srun`,
or with the three variables of `keras.distribution.initialize` (docs/several_devices.md).
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
from several_devices_task import GLOBAL_BATCH, LOSSES, build, part

import multiloss as ml


def join() -> None:
    """Lets the processes know of each other, where there are several; before anything else is done with JAX."""
    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ or int(os.environ.get("SLURM_NTASKS", "1")) > 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")  # for processes that have CPUs alone
        keras.distribution.initialize()


def main() -> dict[str, list[float]]:
    """Trains, saves from the first process, and gives the logs, which are the same in all of them."""
    keras.utils.set_random_seed(1)  # one seed for all
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    # After `set_distribution`.
    trainer = ml.compile(build(), keras.optimizers.SGD(0.01), loss=LOSSES, balancer="pcgrad")
    x, y = part(jax.process_index(), jax.process_count())
    # Not shuffled, only so that any number of processes gives the same numbers.
    size = GLOBAL_BATCH // jax.process_count()
    history = trainer.fit(x, y, batch_size=size, epochs=2, shuffle=False, verbose=0).history
    if folder := os.environ.get("OUT"):
        trainer.save(os.path.join(folder, "run.keras"))  # called by all, written by the first
    return history


if __name__ == "__main__":
    join()
    found = main()
    if jax.process_index() == 0:
        print(f"{jax.device_count()} devices, {jax.process_count()} processes: loss {found['loss'][-1]:.6f}")

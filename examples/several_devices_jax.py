"""Three losses on all devices of one machine or of many, on JAX.

One machine: `python several_devices_jax.py`. Many machines: the same in one process for each, under Slurm by `srun`,
or with the three variables of `keras.distribution.initialize` (docs/several_devices.md).
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np

import multiloss as ml

GLOBAL_BATCH, SAMPLES = 32, 256


def join() -> None:
    """Lets the processes know of each other, where there are several; before anything else is done with JAX."""
    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ or int(os.environ.get("SLURM_NTASKS", "1")) > 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")  # for processes that have CPUs alone
        keras.distribution.initialize()


def own_part(samples: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What this process reads: together, the parts of a step are the batch that one process would take."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(samples, 8)).astype("float32")
    price = x[:, :1] * 40.0 + 100.0
    price[::3] = np.nan  # labels that are missing, on some devices more than on others
    y = {"price": price, "risk": x[:, 1:2] * x[:, 2:3], "kind": (x[:, 3] > 0).astype("int32")}
    mine = slice(jax.process_index(), None, jax.process_count())
    return x[mine], {name: target[mine] for name, target in y.items()}


def build() -> keras.Model:
    """A trunk and three heads."""
    inputs = keras.Input((8,))
    hidden = keras.layers.Dense(16, "relu", name="trunk")(inputs)
    heads = {"price": keras.layers.Dense(1), "risk": keras.layers.Dense(1), "kind": keras.layers.Dense(2, "softmax")}
    return keras.Model(inputs, {name: layer(hidden) for name, layer in heads.items()})


def main() -> dict[str, list[float]]:
    """Trains, saves from the first process, and gives the logs, which are the same in all of them."""
    keras.utils.set_random_seed(1)  # one seed for all
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    trainer = ml.compile(
        build(),  # after `set_distribution`
        keras.optimizers.SGD(0.01),
        loss={
            "price": ml.Term("mse", scale="running_mean", missing="nan"),
            "risk": "mse",
            "kind": "sparse_categorical_crossentropy",
        },
        balancer="pcgrad",
    )
    x, y = own_part(SAMPLES)
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

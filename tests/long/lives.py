"""What the long runs train, each in a process of its own: plain Keras, and multiloss in several ways.

`python lives.py steps NAME` and `python lives.py compiles NAME` answer every line on standard input with one block of
work and a line of JSON about it, so that several processes can take turns.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import psutil
from graphs import kept

BATCH = 8
STEPS_OF_A_BLOCK = 1000
EPOCHS_OF_A_BLOCK = 5
BALANCERS = {"uncertainty": "uncertainty", "gradvac": "gradvac"}


def data() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One epoch's arrays."""
    rng = np.random.default_rng(0)
    samples = BATCH * STEPS_OF_A_BLOCK // EPOCHS_OF_A_BLOCK
    x = rng.normal(size=(samples, 4)).astype("float32")
    return x, {"a": x @ rng.normal(size=(4, 2)).astype("float32"), "b": (x.sum(-1) > 0).astype("int32")}


def model() -> keras.Model:
    """A trunk with two heads."""
    inputs = keras.Input((4,))
    trunk = keras.layers.Dense(8, activation="tanh")(inputs)
    return keras.Model(inputs, {"a": keras.layers.Dense(2)(trunk), "b": keras.layers.Dense(2)(trunk)})


def losses() -> dict[str, Any]:
    """One for each head."""
    return {"a": "mse", "b": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}


def compiled(name: str) -> keras.Model:
    """The model of that name, ready for `fit`."""
    optimizer = keras.optimizers.SGD(1e-3)
    if name.startswith("plain"):
        plain = model()
        plain.compile(optimizer, loss=losses())
        return plain
    import multiloss as ml

    if name == "missing":
        loss = {**losses(), "a": ml.Term("mse", missing="nan", scale="running_mean")}
        return ml.compile(model(), optimizer, loss=loss, on_nonfinite="skip")
    return ml.compile(model(), optimizer, loss=losses(), balancer=BALANCERS.get(name))


def steps(name: str) -> Callable[[], dict[str, Any]]:
    """A thousand steps of one trainer with each call."""
    trainer = compiled(name)
    x, y = data()
    if name == "missing":
        y["a"][::3] = np.nan
        x[BATCH * 7] = np.inf  # one step of each epoch is skipped
    options = {"validation_data": (x[:64], {key: each[:64] for key, each in y.items()})} if "validation" in name else {}

    def block() -> dict[str, Any]:
        trainer.fit(x, y, batch_size=BATCH, epochs=EPOCHS_OF_A_BLOCK, verbose=0, **options)
        return {}

    return block


def compiles(name: str) -> Callable[[], dict[str, Any]]:
    """One model after another: made, compiled, trained for two steps, and dropped."""
    x, y = data()
    x, y = x[: 2 * BATCH], {key: each[: 2 * BATCH] for key, each in y.items()}
    made: list[weakref.ref] = []

    def block() -> dict[str, Any]:
        trainer = compiled(name)
        trainer.fit(x, y, batch_size=BATCH, verbose=0)
        inner = trainer if name.startswith("plain") else trainer.model
        made.extend((weakref.ref(trainer), weakref.ref(inner)))
        del trainer, inner
        keras.utils.clear_session()
        gc.collect()
        return {"alive": sum(each() is not None for each in made), **kept()}

    return block


def memory() -> int:
    """Resident bytes, after the allocator has given back what it can."""
    gc.collect()
    if sys.platform.startswith("linux"):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    return psutil.Process().memory_info().rss


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    work = {"steps": steps, "compiles": compiles}[sys.argv[1]](sys.argv[2])
    for _ in sys.stdin:
        begin = time.perf_counter()
        said = work()
        said |= {"seconds": time.perf_counter() - begin, "bytes": memory(), "objects": len(gc.get_objects())}
        print(json.dumps(said), flush=True)

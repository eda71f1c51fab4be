"""CPU time of a training step over plain Keras with `loss_weights`, for every loss-value balancer and K terms.

Each sample is one epoch of at least 50 compiled steps through `fit`'s own train function, so that per-epoch work does
not count. Samples of plain Keras and of every contender take turns in one process, pinned to one core; medians of the
paired ratios are printed. Run it as

    KERAS_BACKEND=jax python benchmarks/step_time.py --terms 2,5,20,50
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import keras
import numpy as np

import multiloss as ml
from multiloss._core.registry import members

WIDTH, LAYERS, BATCH = 256, 3, 64


def network(terms: int, width: int = WIDTH, layers: int = LAYERS) -> keras.Model:
    """A multi-layer perceptron with one small head for each term."""
    inputs = keras.Input((width,))
    hidden = inputs
    for _ in range(layers):
        hidden = keras.layers.Dense(width, activation="relu")(hidden)
    return keras.Model(inputs, {f"t{index}": keras.layers.Dense(1, name=f"t{index}")(hidden) for index in range(terms)})


def batches(terms: int, steps: int, width: int = WIDTH, batch: int = BATCH) -> tuple[Any, dict[str, Any]]:
    """Random inputs and targets for so many steps."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(steps * batch, width)).astype("float32")
    return x, {f"t{index}": rng.normal(size=(steps * batch, 1)).astype("float32") for index in range(terms)}


def plain(terms: int, width: int = WIDTH) -> keras.Model:
    """Stock Keras with a weight for each output."""
    model = network(terms, width)
    names = [f"t{index}" for index in range(terms)]
    model.compile("sgd", loss=dict.fromkeys(names, "mse"), loss_weights=dict.fromkeys(names, 0.5))
    return model


def balanced(terms: int, balancer: Any, on_nonfinite: str, width: int = WIDTH) -> keras.Model:
    """The same with a balancer."""
    loss = {f"t{index}": "mse" for index in range(terms)}
    weights = dict.fromkeys(loss, 0.5)
    balancer = None if balancer == "none" else balancer
    return ml.compile(network(terms, width), "sgd", loss, weights, balancer, on_nonfinite=on_nonfinite)


def sampler(model: keras.Model, x: Any, y: Any, batch: int = BATCH) -> Callable[[], float]:
    """A function that trains one epoch and gives the CPU seconds that it took."""

    def sample() -> float:
        start = time.process_time()
        model.fit(x, y, batch_size=batch, epochs=1, shuffle=False, verbose=0)
        return time.process_time() - start

    sample()
    sample()
    return sample


def ratios(baseline: Callable[[], float], others: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of each contender's paired ratio to the baseline."""
    found: dict[str, list[float]] = {name: [] for name in others}
    for _ in range(rounds):
        for name, sample in others.items():
            before, own, after = baseline(), sample(), baseline()
            found[name].append(2.0 * own / (before + after))
    return {name: float(np.median(values)) for name, values in found.items()}


def contenders(wanted: str) -> list[str]:
    """The names of the balancers to measure."""
    known = [entry.name for entry in members("balancer") if entry.cls.needs is ml.Needs.LOSSES and not entry.cases[0]]
    return ["none", *known] if wanted == "all" else wanted.split(",")


def main() -> None:
    """Reads the arguments, measures, prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--terms", default="2,5,20,50")
    parser.add_argument("--balancers", default="all")
    parser.add_argument("--guards", default="raise,ignore")
    parser.add_argument("--width", type=int, default=WIDTH, help="units of each of the three hidden layers")
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--steps", type=int, default=100, help="steps a sample, at least 50")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = []
    for terms in map(int, arguments.terms.split(",")):
        x, y = batches(terms, arguments.steps, arguments.width, arguments.batch)
        baseline = sampler(plain(terms, arguments.width), x, y, arguments.batch)
        for name in contenders(arguments.balancers):
            models = {guard: balanced(terms, name, guard, arguments.width) for guard in arguments.guards.split(",")}
            samplers = {guard: sampler(model, x, y, arguments.batch) for guard, model in models.items()}
            row = {"backend": keras.backend.backend(), "terms": terms, "balancer": name}
            row |= ratios(baseline, samplers, arguments.rounds)
            row["plain_ms"] = 1000 * baseline() / arguments.steps
            table.append(row)
            if not arguments.json:
                print(
                    "  ".join(
                        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
                        for key, value in row.items()
                    ),
                    flush=True,
                )
    if arguments.json:
        json.dump(table, sys.stdout, indent=1)


if __name__ == "__main__":
    main()

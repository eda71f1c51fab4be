"""What processes on PyTorch do beside a training: begin alike, notice a drift, save, probe, and what they send."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch
import torch.distributed as dist
from configurations import CONFIGURATIONS
from device_life import files, message
from device_runs import BATCH, data, result, share, train


@contextlib.contextmanager
def counted() -> Iterator[Counter]:
    """Counts the numbers that each collective carries."""
    sent: Counter = Counter()
    own = {name: getattr(dist, name) for name in ("all_reduce", "all_gather", "reduce_scatter_tensor")}

    def counting(name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            given = arguments[0] if name == "all_reduce" else arguments[1]
            sent[name] += given.numel()
            return own[name](*arguments, **options)

        return call

    for name in own:
        setattr(dist, name, counting(name))
    try:
        yield sent
    finally:
        for name, function in own.items():
            setattr(dist, name, function)


def traffic(rank: int, ranks: int) -> dict[str, str]:
    """The numbers that a step sends, by collective, for each way to balance; and what `explain` says of it."""
    found = {}
    for name in ("none", "balancer-uncertainty", "captured", "representation"):
        run = CONFIGURATIONS[name]()
        x, y, _ = share(data(), rank, ranks)
        part = slice(0, BATCH // ranks)
        batch = x[part], {key: target[part] for key, target in y.items()}
        run.trainer.train_on_batch(*batch)  # what is asked once
        with counted() as sent:
            run.trainer.train_on_batch(*batch)
        found[f"sent {name}"] = str(dict(sorted(sent.items())))
        found[f"said {name}"] = run.trainer.explain()
        found[f"parameters {name}"] = str(sum(int(np.prod(v.shape)) for v in run.trainer.trainable_variables))
    return found


class _Drifts(keras.callbacks.Callback):
    """Changes a weight in one process alone."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if dist.get_rank() == 1:
            self.model.model.get_layer("trunk").bias.assign_add(np.full(8, 1e-3, "float32"))


def drift(rank: int, ranks: int) -> str:
    """The error of a training in which one process goes its own way."""
    run = CONFIGURATIONS["none"]()
    run.callbacks = lambda: [_Drifts()]
    return message(lambda: train(run, rank, ranks))


def begins(rank: int, ranks: int) -> str:
    """How far a process is from the first one that began from weights and seeds of its own."""
    keras.utils.set_random_seed(rank)
    run = CONFIGURATIONS["balancer-random_weighting"]()
    run.trainer.model.get_layer("trunk").kernel.assign(np.random.default_rng(rank).normal(size=(4, 8)))
    train(run, rank, ranks)
    own = torch.cat([torch.as_tensor(v).double().reshape(-1) for v in result(run, {}).values()])
    every = [torch.empty_like(own) for _ in range(ranks)]
    dist.all_gather(every, own)
    return str(float((every[0] - every[1]).abs().max()))


def probe(rank: int, ranks: int) -> dict[str, str]:
    """What a probe sees: of a batch that is shared, the whole."""
    run = CONFIGURATIONS["balancer-upgrad"]()
    x, y, _ = share(data(), rank, ranks)
    seen = run.trainer.probe(x, y)
    return {name: str(np.round(getattr(seen, name), 4)) for name in ("losses", "gramian", "labelled")}


def life(folder: Path, rank: int, ranks: int) -> dict[str, str]:
    """All of it; alone what one process can do."""
    found = probe(rank, ranks)
    if ranks == 1:
        return found
    run = CONFIGURATIONS["balancer-famo"]()
    found |= files(folder, rank, run, lambda each: train(each, rank, ranks), dist.barrier)
    found |= traffic(rank, ranks)
    return found | {"drift": drift(rank, ranks), "begins": begins(rank, ranks)}

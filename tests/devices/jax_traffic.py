"""How many numbers a compiled step sends between devices on JAX, as its program says."""

from __future__ import annotations

import math
import re
from typing import Any

import jax
import keras
from configurations import compiled
from device_models import model
from device_runs import BATCH, data

import multiloss as ml

SENT = re.compile(r"= (.*?) (all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute)(?:-start)?\(")


def numbers_sent(trainer: Any) -> int:
    """The entries of all that one step's collectives give out."""
    x, y, _ = data(BATCH)
    trainer._symbolic_build(data_batch=(x, y))
    kinds = ("trainable", "non_trainable", "optimizer", "metrics")
    state = trainer._get_jax_state(**{f"{kind}_variables": True for kind in kinds})
    layout = keras.distribution.distribution().get_data_layout
    batch = jax.tree.map(lambda leaf: jax.device_put(leaf, layout(leaf.shape).backend_layout), (x, y))
    step = jax.jit(trainer.train_step, out_shardings=(None, trainer._get_state_sharding_spec()))
    program = step.lower(tuple(state), (*batch, None)).compile().as_text()
    shapes = [shape for found in SENT.finditer(program) for shape in re.findall(r"\w+\[([\d,]*)\]", found[1])]
    return sum(math.prod(int(size) for size in shape.split(",") if size) for shape in shapes)


def traffic() -> dict[str, int | str]:
    """By what is trained; and what `explain` says of it."""
    trainers = {
        "none": compiled(model(8)),
        "losses": compiled(model(8), balancer="uncertainty"),
        "norms": compiled(model(8), balancer="gradnorm"),
        "gramian": compiled(model(8), balancer="upgrad"),
        "representation": compiled(model(8), balancer=ml.aggregation.UPGrad(wrt="representation:trunk")),
        "wide": compiled(model(64, depth=2)),
        "captured": compiled(model(64, depth=2), balancer="upgrad"),
    }
    sent = {name: numbers_sent(trainer) for name, trainer in trainers.items()}
    return {**sent, **{f"said {name}": trainer.explain() for name, trainer in trainers.items()}}

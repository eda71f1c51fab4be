"""Trainers with every registered member, what interrupts them in the middle of an epoch, and how they go on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from every_member import EVERY_MEMBER
from models import joint_losses, member_of_three_terms

import multiloss as ml
from multiloss._core.registry import members
from multiloss.terms._multiplier import METHODS
from multiloss.terms._norms import NORMS, WEIGHT_NORMS

SAMPLES, BATCH = 20, 8  # three batches an epoch, the last one short
STOPS_AFTER = 5  # batches: in the second epoch, before its last batch
EPOCHS = 3
# On TensorFlow a graph without XLA folds the size of a batch into its constants where it is known: exact is XLA.
JIT_COMPILE = True if keras.backend.backend() == "tensorflow" else "auto"
# Compiling costs seconds for each trainer, and what is saved is the same: a few stand for all.
EAGER = {"run_eagerly": True, "jit_compile": False}


def data(first: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Inputs and targets from a sample on, with labels missing here and there, and in all of the last batch."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(SAMPLES, 4)).astype("float32")
    value = generator.normal(size=(SAMPLES, 2)).astype("float32")
    value[::3], value[2 * BATCH + 2 :] = np.nan, np.nan
    targets = {"value": value, "label": generator.integers(0, 3, SAMPLES).astype("int32")}
    return x[first:], {name: target[first:] for name, target in targets.items()}


def model(policy: str | None = None, seed: int | None = 2) -> keras.Model:
    """A trunk whose layers are captured, noise, and statistics that move."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    hidden = keras.layers.GaussianNoise(0.1, seed=seed)(inputs)
    hidden = keras.layers.Dense(6, "tanh", name="trunk", kernel_regularizer="l2", dtype=policy)(hidden)
    hidden = keras.layers.BatchNormalization(dtype=policy)(hidden)
    hidden = keras.layers.Dropout(0.2, seed=3, dtype=policy)(hidden)
    outputs = {
        "value": keras.layers.Dense(2, name="value_head", dtype=policy)(hidden),
        "label": keras.layers.Dense(3, "softmax", name="label_head", dtype=policy)(hidden),
    }
    return keras.Model(inputs, outputs)


def squared(**arguments: Any) -> ml.Term:
    """A term whose labels are missing in places."""
    return ml.Term("mse", missing="nan", **arguments)


def compiled(
    optimizer: Any = None, *, policy: str | None = None, seed: int | None = 2, loss: Any = None, **arguments: Any
) -> Any:
    """The trainer of a case."""
    loss = {**joint_losses(), "value": squared(scale="running_mean"), **(loss or {})}
    settings = {"metrics": {"value": "mae"}, "jit_compile": JIT_COMPILE, **arguments}
    return ml.compile(model(policy, seed), optimizer or keras.optimizers.Adam(0.01), loss=loss, **settings)


def of_every_balancer(name: str) -> Callable[[], Any]:
    """A trainer with it, in the case that takes the three terms."""
    return lambda: compiled(balancer=member_of_three_terms(name), **EAGER)


def of_every_scale() -> Any:
    """A term with each scale in each of its cases."""
    cases = [entry.cls(**case) for entry in members("scale") for case in entry.cases]
    terms = {f"at_{index}": squared(scale=scale) for index, scale in enumerate(cases)}
    trainer = compiled(loss={"value": terms}, balancer="uncertainty", **EAGER)
    trainer.calibrate(*data(), batch_size=BATCH)
    return trainer


def of_every_schedule() -> Any:
    """A term with each schedule in each of its cases, which name a term `a` and its accuracy."""
    arguments = [(entry.cls, dict(case)) for entry in members("schedule") for case in entry.cases]
    for _, case in arguments:
        if "condition" in case:
            case["condition"] = case["condition"].replace("val_a_accuracy", "val_value_a_accuracy")
    cases = [cls(**case) for cls, case in arguments]
    terms = {f"at_{index}": ml.OutputPenalty("l2", output="value") for index in range(len(cases))}
    weights = dict(zip(terms, cases, strict=True))
    metrics = {"value": [keras.metrics.MeanAbsoluteError("a_accuracy")]}
    terms["a"] = ml.OutputPenalty("l1", output="value")
    return compiled(loss=terms, loss_weights=weights, metrics=metrics, **EAGER)


def of_every_penalty() -> Any:
    """Every norm as a penalty, and as a constraint by every method."""
    penalties = {f"weights_{norm}": ml.WeightPenalty(norm, layers="trunk|.*head") for norm in WEIGHT_NORMS}
    penalties |= {f"output_{norm}": ml.OutputPenalty(norm, output="value") for norm in NORMS}
    kept = {
        f"{method}_{name}": ml.Constraint(penalty, 0.01, method=method)
        for (name, penalty), method in itertools.product(penalties.items(), METHODS)
    }
    return compiled(loss={**penalties, **kept}, loss_weights=dict.fromkeys(penalties, 0.1), **EAGER)


def of_an_optimizer() -> Any:
    """Averaged weights, written over in the course, of a step every second batch."""
    average = {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 2}
    return compiled(keras.optimizers.Adam(0.01, gradient_accumulation_steps=2, **average), balancer="gradnorm")


def of_half_precision() -> Any:
    """A loss scale that grows, and a rate that falls."""
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.5)
    inner = keras.optimizers.SGD(schedule, momentum=0.9)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**8, dynamic_growth_steps=2)
    return compiled(optimizer, policy="mixed_float16", balancer="uncertainty")


def of_settings() -> Any:
    """Weights that are kept between solves, groups, noise, steps that are left out."""
    balancer = ml.aggregation.PCGrad(every=3, groups=[["value", "agreement"]], heads="weighted")
    return compiled(balancer=balancer, on_nonfinite="skip")


def _kind(name: str) -> tuple:
    """What a balancer has that must be saved, and what it reads."""
    member = member_of_three_terms(name)
    keeps = [
        bool(member.init(3)),
        member.noise_shape(3) is not None,
        bool(member.monitors(3)),
        member.reads_after_update,
    ]
    return member.needs, *keeps


def balancers() -> list[str]:
    """All of them, or one of each kind: the step is the same."""
    names = [entry.name for entry in members("balancer")]
    if EVERY_MEMBER:
        return names
    return list({_kind(name): name for name in reversed(names)}.values())


CASES: dict[str, Callable[[], Any]] = {
    **{f"balancer-{name}": of_every_balancer(name) for name in balancers()},
    "scales": of_every_scale,
    "schedules": of_every_schedule,
    "penalties": of_every_penalty,
    "optimizer": of_an_optimizer,
    "half": of_half_precision,
    "settings": of_settings,
    "after_update": lambda: compiled(balancer="famo"),
    "no_seed": lambda: compiled(balancer="random_weighting", seed=None),
}
# On PyTorch what has no seed draws from the one generator from which each `fit` draws for its loader.
DRAWS_BY_CALL = {"no_seed"}


def state_of(trainer: Any) -> Iterator[np.ndarray]:
    """Weights, all other state, and the optimizer's slots."""
    for variable in [*trainer.variables, *trainer.optimizer.variables]:
        yield np.array(keras.ops.convert_to_numpy(variable))


def train(trainer: Any, epochs: int = EPOCHS, **arguments: Any) -> dict[str, list[float]]:
    """Whole epochs, in one order."""
    settings = {"batch_size": BATCH, "shuffle": False, "verbose": 0, "validation_data": data(2 * BATCH - 4)}
    return trainer.fit(*data(), epochs=epochs, **settings, **arguments).history


def go_on(trainer: Any) -> dict[str, list[float]]:
    """The rest of the epoch that was left, and the epoch that was still to come."""
    rest = trainer.train_on_batch(*data(2 * BATCH), return_dict=True)
    history = train(trainer, initial_epoch=2)
    return {**history, **{f"rest_{name}": [float(value)] for name, value in rest.items()}}

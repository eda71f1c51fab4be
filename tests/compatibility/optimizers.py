"""Every optimizer of Keras, with the arguments that all of them share, and the two that hold others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras

from .case import Case, NotTrained, on_tensorflow
from .models import normal, trained, trunk_case

NAMES = (
    "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "Muon", "Nadam", "RMSprop",
    "SGD", "ScheduleFreeAdamW",
)  # fmt: skip

# Arguments that every optimizer takes.
SHARED: dict[str, dict[str, Any]] = {
    "EMA": {"use_ema": True, "ema_momentum": 0.9},
    "EMA written back": {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 2},
    "accumulation": {"gradient_accumulation_steps": 2},
    "clipnorm": {"clipnorm": 0.1},
    "global_clipnorm": {"global_clipnorm": 0.1},
    "clipvalue": {"clipvalue": 0.05},
    "weight decay": {"weight_decay": 0.01},
    "loss scale": {"loss_scale_factor": 8.0},
    "schedule": {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)},
}

OWN: dict[str, list[dict[str, Any]]] = {
    "SGD": [{"momentum": 0.9, "nesterov": True}],
    "Adam": [{"amsgrad": True}],
    "RMSprop": [{"momentum": 0.9, "centered": True}],
    "Adagrad": [{"initial_accumulator_value": 0.5}],
    "Ftrl": [{"l1_regularization_strength": 0.01, "l2_regularization_strength": 0.01}],
    "ScheduleFreeAdamW": [{"warmup_steps": 2}],
}


# Eagerly it trains as here.
BUILT_IN_A_GRAPH = (
    "built within the compiled step, its momentum begins at 0 in place of the weights, and the first step loses these"
)


def cases() -> dict[str, Case | NotTrained]:
    """By class name; `Class: variant` for more of one class."""
    found: dict[str, Case | NotTrained] = {}
    for name in NAMES:
        cls = getattr(keras.optimizers, name)
        made: dict[str, Callable[[], Any]] = {
            name: lambda cls=cls: cls(0.05),
            f"{name}: by its name": lambda name=name: name.lower(),
        }
        for words, given in SHARED.items():
            made[f"{name}: {words}"] = lambda cls=cls, given=given: cls(**{"learning_rate": 0.05, **given})
        for given in OWN.get(name, []):
            words = ", ".join(f"{key}={value}" for key, value in given.items())
            made[f"{name}: {words}"] = lambda cls=cls, given=given: cls(0.05, **given)
        wrong = on_tensorflow(BUILT_IN_A_GRAPH if name == "ScheduleFreeAdamW" else "")
        found |= {title: _case(make, keras_is_wrong=wrong) for title, make in made.items()}
    return {
        **found,
        "Optimizer": _case(lambda: _Signs(0.01)),
        "OptimizerMap": _case(lambda: _by_map()),
        "MultiOptimizer": _case(lambda: keras.optimizers.MultiOptimizer(_chosen())),
        "MultiOptimizer: accumulation": _case(lambda: keras.optimizers.MultiOptimizer(_chosen(accumulation=2))),
        "MultiOptimizer: loss scale": _case(lambda: keras.optimizers.MultiOptimizer(_chosen(), loss_scale_factor=8.0)),
        "LossScaleOptimizer": _case(lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.05))),
        "LossScaleOptimizer: grows": _case(
            lambda: keras.optimizers.LossScaleOptimizer(
                keras.optimizers.SGD(0.05), initial_scale=4.0, dynamic_growth_steps=2
            )
        ),
        "LossScaleOptimizer: accumulation": _case(
            lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.05, gradient_accumulation_steps=2))
        ),
        "LossScaleOptimizer: by `auto_scale_loss`": _case(
            lambda: keras.optimizers.Adam(0.05),
            dense={"dtype": "mixed_float16"},
        ),
    }


def _case(make: Callable[[], Any], dense: dict | None = None, keras_is_wrong: str = "") -> Case:
    """Two epochs of three steps."""
    training = trained(lambda: normal(4), validation=False, epochs=2)
    case = trunk_case(train=training, optimizer=make, dense=dense)
    return dataclasses.replace(case, keras_is_wrong=keras_is_wrong)


class _Signs(keras.optimizers.Optimizer):
    """One of the user's own: steps of one length."""

    def build(self, variables):
        super().build(variables)
        self.last = self.add_optimizer_variables(variables, "last")

    def update_step(self, gradient, variable, learning_rate):
        self.assign(self.last[self._get_variable_index(variable)], gradient)
        self.assign_sub(variable, keras.ops.cast(learning_rate, variable.dtype) * keras.ops.sign(gradient))


def _chosen(accumulation: int | None = None) -> Callable[[Any], Any]:
    shared = {"gradient_accumulation_steps": accumulation}
    trunk, heads = keras.optimizers.Adam(0.01, **shared), keras.optimizers.SGD(0.1, momentum=0.9, **shared)
    return lambda variable: trunk if "trunk" in variable.path else heads


def _by_map() -> keras.optimizers.Optimizer:
    chosen = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1), {"trunk.*": keras.optimizers.Adam(0.01)})
    return keras.optimizers.MultiOptimizer(chosen)

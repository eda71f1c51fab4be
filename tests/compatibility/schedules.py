"""Every learning rate schedule of Keras."""

from __future__ import annotations

from typing import Any

import keras
from keras.optimizers import schedules

from .case import Case, NotTrained
from .models import normal, trained, trunk_case

ARGUMENTS: dict[str, dict[str, Any]] = {
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "warmup_target": 0.2, "warmup_steps": 2},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 2},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5, "staircase": True},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [2, 4], "values": [0.1, 0.05, 0.01]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 4},
}


class _Halves(schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.1 * 0.5 ** keras.ops.cast(step, "float32")


def cases() -> dict[str, Case | NotTrained]:
    """By class name."""
    made = {name: (lambda name=name: getattr(schedules, name)(**ARGUMENTS[name])) for name in ARGUMENTS}
    made["LearningRateSchedule"] = _Halves
    return {
        name: trunk_case(
            train=trained(lambda: normal(4), validation=False, epochs=2),
            optimizer=lambda make=make: keras.optimizers.SGD(make()),
        )
        for name, make in made.items()
    }

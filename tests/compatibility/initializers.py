"""Every initializer of Keras: the same start and the same draws afterwards."""

from __future__ import annotations

from typing import Any

import keras

from .case import Case, NotTrained
from .models import trunk, trunk_case
from .surface import classes

# Those that need arguments, or another place than a kernel.
MADE: dict[str, Any] = {
    "Initializer": lambda: _Own(),
    "VarianceScaling": lambda: keras.initializers.VarianceScaling(2.0, "fan_out", "uniform"),
    "STFT": NotTrained("of the frozen kernel of `STFTSpectrogram`, which has its case among the layers"),
}


class _Own(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, 0.1, dtype)


def cases() -> dict[str, Case | NotTrained]:
    """By class name: every class that Keras has, made without arguments where it can be."""
    usual = trunk_case()
    found: dict[str, Case | NotTrained] = {}
    for name, aliases in classes(keras.initializers).items():
        make = next((MADE[key] for key in (name, *aliases) if key in MADE), getattr(keras.initializers, name))
        if isinstance(make, NotTrained):
            found[name] = make
        else:
            found[name] = Case(lambda make=make: trunk(kernel_initializer=make()), usual.arguments, usual.train)
    return found

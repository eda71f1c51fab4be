"""In what a schedule counts: steps, or epochs."""

from __future__ import annotations

from typing import Any

from keras import ops

from .._core.errors import invalid
from .._core.schedule import TrainingProgress
from .._core.typing import Array


def one_unit(steps: Any, epochs: Any) -> tuple[str, Any]:
    """The unit that was given and its amount; raises unless it is exactly one of the two."""
    if (steps is None) == (epochs is None):
        raise invalid(
            "A schedule takes exactly one of `steps` (continuous in the step) and `epochs` (a staircase)",
            received=f"steps={steps!r}, epochs={epochs!r}",
        )
    return ("steps", steps) if epochs is None else ("epochs", epochs)


def by_unit(unit: str, amount: Any) -> tuple[Any, Any]:
    """The arguments `steps` and `epochs` that `one_unit` reads as this unit and amount."""
    return (amount, None) if unit == "steps" else (None, amount)


def elapsed(progress: TrainingProgress, unit: str) -> Array:
    """How many of the unit have passed, a scalar int32: differences and remainders of it are exact."""
    return ops.cast(ops.convert_to_tensor(progress.step if unit == "steps" else progress.epoch), "int32")


def fraction(part: Array, whole: int) -> Array:
    """`part / whole`, held within [0, 1], float32."""
    return ops.clip(ops.cast(part, "float32") / float(whole), 0.0, 1.0)

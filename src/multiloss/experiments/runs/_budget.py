"""How long each contender may train: as many epochs, or as much time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..._core.errors import invalid
from ..defaults import check_integer

# No training ends by its epochs where time ends it.
NO_END = 10**9


@dataclass(frozen=True)
class Budget:
    """What every contender is given.

    Attributes:
        epochs: of each training, or of the baseline's alone where the others get its time.
        as_baseline: the others get the seconds that the baseline's steps took from the same seed.
        seconds: of training steps, for every contender; None where epochs count.
    """

    epochs: int
    as_baseline: bool = False
    seconds: float | None = None

    def __str__(self) -> str:
        """What every contender is given, for a person."""
        epochs = f"{self.epochs} {'epoch' if self.epochs == 1 else 'epochs'}"
        if self.seconds is not None:
            return f"{self.seconds:g} seconds of training"
        return f"the time that the baseline takes for {epochs}" if self.as_baseline else epochs

    def short(self) -> str:
        """As it is given to `compare`: `"epochs"`, `"time"` or the seconds."""
        return "time" if self.as_baseline else "epochs" if self.seconds is None else f"{self.seconds:g}"


def make_budget(budget: str | float, epochs: int) -> Budget:
    """Checks what `compare` was given.

    Args:
        budget: `"epochs"`, `"time"`, or a number of seconds, also as a string.
        epochs: at least 1.

    Raises:
        ValueError: for anything else.

    Example:
        >>> str(make_budget("time", 5)), str(make_budget(30, 5))
        ('the time that the baseline takes for 5 epochs', '30 seconds of training')
    """
    check_integer("epochs", epochs, 1)
    if budget in ("epochs", "time"):
        return Budget(epochs, as_baseline=budget == "time")
    try:
        seconds = float(budget)
    except (TypeError, ValueError):
        seconds = math.nan
    if isinstance(budget, bool) or not 0.0 < seconds < math.inf:
        raise invalid("`budget` must be 'epochs', 'time' or a number of seconds larger than 0", received=repr(budget))
    return Budget(epochs, seconds=seconds)

"""The size of a loss in a measuring pass before training."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from keras import ops

from .._core.errors import invalid, unknown_name
from .._core.linalg import to_float
from .._core.registry import register
from .._core.scale import Observation, Scale
from .._core.typing import Array, State
from ._guard import ROUNDING, SMALLEST, check_power, positive

STATISTICS = ("mean", "std", "max")


@register("calibrated", cases=({}, {"statistic": "std"}, {"statistic": "max", "power": 0.5}))
class Calibrated(Scale):
    """Divides the loss by a statistic of its values in a measuring pass over data, taken before training.

    `trainer.calibrate(data)` computes the loss of every batch without training; over the labelled batches the divisor
    is mean |L|, the sample standard deviation of L, or max |L|, to the power p. It then stays as it is, is saved, and
    counts in `val_loss`. Until the pass nothing is known: `fit` and `evaluate` say so.

    Costs one forward pass over the data. Losses that are all equal have no deviation, and `"std"` takes their mean;
    losses that are all 0 have no size, and are refused.

    Args:
        statistic: `"mean"` (default), `"std"` or `"max"`.
        power: p in [0, 1]; 0.5 divides by the root.

    Raises:
        ValueError: for an unknown statistic, or a `power` outside its range.

    Example:
        >>> import numpy as np
        >>> from multiloss.scales import Calibrated
        >>> from multiloss.testing import observe
        >>> scale = Calibrated("std")
        >>> state = scale.measured(np.array([10.0, 14.0, 12.0]))
        >>> divisor, _ = scale.divisor(observe(100.0), state)
        >>> float(divisor)
        2.0
    """

    fixed: ClassVar[bool] = True
    awaits_pass: ClassVar[bool] = True

    def __init__(self, statistic: str = "mean", power: float = 1.0):
        if statistic not in STATISTICS:
            raise unknown_name("statistic", statistic, STATISTICS)
        self.statistic = statistic
        self.power = check_power(power)

    def init(self) -> State:
        """A size of 1, not measured."""
        return {"size": np.ones((), "float32"), "measured": np.zeros((), "int32")}

    def is_known(self, state: State) -> Array:
        """Whether there was a pass."""
        return state["measured"] > 0

    def measured(self, losses: np.ndarray) -> State:
        """The state after a pass.

        Args:
            losses: the loss of every labelled batch, shape `(batches,)`, float64.

        Raises:
            ValueError: when no batch was labelled, when a loss is not finite or all are 0, or for the deviation of one
                batch.
        """
        losses = np.asarray(losses, "float64")
        needed = 2 if self.statistic == "std" else 1
        if losses.size < needed:
            raise invalid(
                f"The statistic {self.statistic!r} needs at least {needed} labelled batches",
                received=f"{losses.size}",
                fix="Pass more data, or smaller batches.",
            )
        if not np.isfinite(losses).all():
            raise invalid("The losses of a measuring pass must be finite", received=losses[~np.isfinite(losses)][0])
        sizes = np.abs(losses)
        if sizes.max() < SMALLEST:
            raise invalid("The losses of a measuring pass must not all be 0", received="zeros", fix="Use a number.")
        size = sizes.max() if self.statistic == "max" else sizes.mean()
        if self.statistic == "std" and (deviation := losses.std(ddof=1)) > ROUNDING * sizes.max():
            size = deviation
        return {"size": np.asarray(size, "float32"), "measured": np.ones((), "int32")}

    def divisor(self, observation: Observation, state: State) -> tuple[Array, State]:
        """The measured size to the power p."""
        size = positive(ops.convert_to_tensor(state["size"]))
        return ops.cast(size**self.power, to_float(observation.loss).dtype), state

"""What judges a run in one metric: which way is better, and how changes of different metrics become comparable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass
from numbers import Real
from typing import Any, Self

from .._core.errors import invalid

DIRECTIONS = ("max", "min")


@dataclass(frozen=True)
class Score:
    """How a metric judges a run: the direction, and what a change of it counts.

    A change from the baseline's b to m counts, with s = 1 for "max" and -1 for "min",

    | given | counts | for |
    |---|---|---|
    | `unit` | s (m - b) / unit | when you know what is worth as much as what: ten pixels, one per cent |
    | `ideal` | (abs(b - ideal) - abs(m - ideal)) / abs(b - ideal) | bounded metrics: the part of the way left |
    | neither | s (m - b) / abs(b) | anything else |

    A metric that begins near 0 and rises has huge relative changes: an IoU from 0.0045 to 0.0722 has risen by 1500 %,
    and done 7 % of its way to 1. So `compare` and `tune` take `ideal=1` by themselves for the metrics of which Keras
    knows that higher is better (accuracies, AUC, precision, recall, F scores, IoU, R2, correlations, cosine
    similarity), all of which end at 1.

    Args:
        direction: `"max"` or `"min"`.
        unit: a change by this much counts 1, which tables show as 100 %; above 0.
        ideal: the best value that there is. For "min" an ideal of 0 is what neither gives as well.

    Raises:
        ValueError: for another direction, a unit that is not above 0, and both a unit and an ideal.

    Example:
        >>> import multiloss as ml
        >>> ml.Score("min").change(8.0, 10.0), ml.Score("min", unit=10.0).change(8.0, 10.0)
        (0.2, 0.2)
        >>> ml.Score("max", ideal=1.0).change(0.75, 0.5)
        0.5
    """

    direction: str
    _: KW_ONLY
    unit: float | None = None
    ideal: float | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise invalid(f"The direction of a score must be one of {list(DIRECTIONS)}", received=self.direction)
        for name, value in (("unit", self.unit), ("ideal", self.ideal)):
            a_number = isinstance(value, Real) and not isinstance(value, bool)
            if value is not None and not (a_number and math.isfinite(value)):
                raise invalid(f"`{name}` of a score must be a finite number", received=value)
        if self.unit is not None and self.unit <= 0.0:
            raise invalid("`unit` of a score must be above 0", received=self.unit)
        if self.unit is not None and self.ideal is not None:
            raise invalid(
                "A score counts in a unit, or as a part of the way to an ideal",
                received=f"unit={self.unit} and ideal={self.ideal}",
                fix="Leave one of them out.",
            )

    @property
    def sign(self) -> float:
        """1 where higher is better, else -1."""
        return 1.0 if self.direction == "max" else -1.0

    @property
    def better(self) -> str:
        """`"higher"` or `"lower"`."""
        return "higher" if self.direction == "max" else "lower"

    @property
    def arrow(self) -> str:
        """Which way is better, as a sign."""
        return "↑" if self.direction == "max" else "↓"

    @property
    def counts(self) -> str:
        """What a change of 100 % is, in words."""
        if self.unit is not None:
            return f"100 % is a change by {self.unit:g}"
        if self.ideal is not None:
            return f"100 % is the whole way to {self.ideal:g}"
        return "100 % is as much as the baseline has"

    def change(self, value: float | None, baseline: float | None) -> float | None:
        """What the change counts, positive when `value` is better.

        Args:
            value: the metric, in its own unit; None when it is missing or not finite.
            baseline: the baseline's of the same seed.

        Returns:
            A dimensionless number; 0 when both are equal; None where the change has no size: a value is missing, or
            without a unit, the baseline is 0 or already at the ideal.
        """
        if value is None or baseline is None:
            return None
        if value == baseline:
            return 0.0
        if self.unit is not None:
            return self.sign * (value - baseline) / self.unit
        if self.ideal is not None:
            left = abs(baseline - self.ideal)
            return (left - abs(value - self.ideal)) / left if left else None
        return self.sign * (value - baseline) / abs(baseline) if baseline else None

    def to_plain(self) -> Any:
        """What strict JSON can hold: the direction, or a dict where there is more."""
        if not self.counted:
            return self.direction
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def counted(self) -> bool:
        """Whether it was said what a change counts."""
        return self.unit is not None or self.ideal is not None

    @classmethod
    def of(cls, given: Any, what: str = "A score") -> Self:
        """A score, or the one of a direction.

        Args:
            given: either of them.
            what: the error's name for it.

        Raises:
            ValueError: for anything else.
        """
        if isinstance(given, cls):
            return given
        if given not in DIRECTIONS:
            raise invalid(f"{what} must be 'max', 'min' or a Score", received=given)
        return cls(given)

    @classmethod
    def read(cls, given: Any) -> Self:
        """The same, and what `to_plain` gave."""
        if isinstance(given, Mapping):
            return cls(given["direction"], unit=given.get("unit"), ideal=given.get("ideal"))
        return cls.of(given)

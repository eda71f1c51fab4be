"""`Constraint`: a term that is kept below a bound while the others are minimised."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras

from .._core.errors import invalid
from .._core.registry import PACKAGE
from .._core.scale import Scale
from ._batch import Batch, TermValue
from ._description import Description
from ._multiplier import Multiplier
from ._term import Term


@keras.saving.register_keras_serializable(PACKAGE)
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Constraint(Description):
    r"""Keeps a term at or below a bound: minimise the other terms subject to L <= upper_bound.

    With the violation c = (L - upper_bound) / scale, the step minimises the augmented Lagrangian

        others + (max(0, m + r c)^2 - m^2) / (2 r),        m <- clip(m + learning_rate * mean(c), 0, max_multiplier)

    where m is the multiplier, r the penalty and mean(c) a running mean, so that the noise of batches does not pump m
    up. The term's weight is max(0, m + r c): zero while the constraint holds with room to spare. While the mean
    violation is positive, r grows by the factor `growth` a step up to `max_penalty`; `restart` sets it back to
    `penalty` once the constraint holds. At rest c = 0 and m is the Karush-Kuhn-Tucker multiplier: what a unit of slack
    in the bound (over the scale) would be worth in the other terms' loss.

    `method="geco"` (the form of Rezende and Viola) has no penalty: the weight is m, from 1, and
    m <- m exp(learning_rate * mean(c)). It holds the term *at* the bound, from both sides.

    Needs no backward pass of its own. Never balanced; a user's weight multiplies the constraint's whole contribution.
    Logs `t_multiplier` and `t_violation` beside `t_loss` and `t_weight`; `objective` is the Lagrangian. Multipliers and
    penalties are saved with the trainer.

    Args:
        term: any term, or what `ml.Term` takes as its loss; its `scale` divides the violation.
        upper_bound: the bound, in the units of the term's raw loss.
        method: `"augmented"` (default) or `"geco"`.
        learning_rate: the step on the multiplier (`"geco"`: on its logarithm) per unit of violation.
        decay: the memory of the running mean of the violation, in [0, 1).
        penalty: r at the start; larger reacts faster, and noisier.
        growth: the factor on r per violated step; 1 for never.
        max_penalty: the largest r.
        max_multiplier: the largest m (`"geco"`: and 1 / m): a bound that cannot be kept must not take over for ever.
        restart: whether r goes back to `penalty` once the constraint holds.

    Raises:
        ValueError: for a bound that is not finite, or an argument outside its range.

    Example:
        >>> import keras, multiloss as ml
        >>> x = keras.Input((4,))
        >>> model = keras.Model(x, {"price": keras.layers.Dense(1)(x), "risk": keras.layers.Dense(1)(x)})
        >>> trainer = ml.compile(model, "adam", loss={"price": "mse", "risk": ml.Constraint("mae", upper_bound=0.1)})
        >>> list(trainer.terms)
        ['price', 'risk']

    Reference: Bertsekas, "Constrained Optimization and Lagrange Multiplier Methods", 1982; Rezende and Viola, "Taming
    VAEs", 2018, arXiv:1810.00597 (GECO).
    """

    term: Any
    upper_bound: float
    _: dataclasses.KW_ONLY
    method: str = Multiplier.method
    learning_rate: float = Multiplier.learning_rate
    decay: float = Multiplier.decay
    penalty: float = Multiplier.penalty
    growth: float = Multiplier.growth
    max_penalty: float = Multiplier.max_penalty
    max_multiplier: float = Multiplier.max_multiplier
    restart: bool = Multiplier.restart
    balanced: bool = dataclasses.field(init=False, default=False)  # type: ignore[misc]
    inner: Description = dataclasses.field(init=False, repr=False)
    multiplier: Multiplier = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.upper_bound, bool) or not isinstance(self.upper_bound, int | float):
            raise invalid("`upper_bound` of a Constraint must be a number", received=self.upper_bound)
        if not math.isfinite(self.upper_bound):
            raise invalid("`upper_bound` of a Constraint must be finite", received=self.upper_bound)
        if isinstance(self.term, Constraint):
            raise invalid("`term` of a Constraint must not be a Constraint itself", received=self.term)
        inner = self.term if isinstance(self.term, Description) else Term(self.term)
        object.__setattr__(self, "inner", inner)
        law = {field.name: getattr(self, field.name) for field in dataclasses.fields(Multiplier)}
        object.__setattr__(self, "multiplier", Multiplier(**law))

    @property
    def scale(self) -> Scale | None:  # type: ignore[override]
        """The inner term's."""
        return self.inner.scale

    @property
    def reads_targets(self) -> bool:  # type: ignore[override]
        """The inner term's."""
        return self.inner.reads_targets

    @property
    def may_lack_labels(self) -> bool:  # type: ignore[override]
        """The inner term's."""
        return self.inner.may_lack_labels

    @property
    def features(self) -> tuple[str, ...]:  # type: ignore[override]
        """The inner term's."""
        return self.inner.features

    def bound(self, key: str, outputs: Sequence[str] | None) -> Constraint:
        """The same around the inner term with its defaults filled in."""
        return dataclasses.replace(self, term=self.inner.bound(key, outputs))

    def evaluate(self, name: str, batch: Batch) -> TermValue:
        """The inner term's value."""
        return self.inner.evaluate(name, batch)

    def explain(self) -> tuple[str, str]:
        """What the inner term reads, and the bound."""
        reads, reduction = self.inner.explain()
        return f"{reads} <= {self.upper_bound:g}", reduction

"""`FeaturePenalty`: a loss on what an inner layer gives out, without changing the model's outputs."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import keras

from .._core.errors import invalid
from .._core.kinds import check_flag
from .._core.registry import PACKAGE
from ._batch import Batch, TermValue, batch_value, signed
from ._description import Description
from ._values import as_values

ARGUMENTS = ("features", "y_true")


@keras.saving.register_keras_serializable(PACKAGE)
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FeaturePenalty(Description):
    """A loss on an inner layer's output, taken from the same forward pass as the model's outputs.

    value = fn(features), or fn(features, y_true): the mean over the batch when it gives one value per sample.

    Needs a functional or Sequential model that calls the layer once; costs nothing but `fn`.

    Args:
        fn: a function with the argument `features`, the layer's output `(batch, ...)` in float32 or better, and if it
            wants the argument `y_true`, the targets as a dict. It returns a scalar or one value per sample.
        layer: the name of a layer of the model itself, not of one inside a nested model.
        balanced: False keeps the term out of balancing.

    Raises:
        ValueError: when `fn` asks for something else; at compile when the model has no such layer, or is subclassed.

    Example:
        >>> import keras, multiloss as ml
        >>> def sparse(features):
        ...     return keras.ops.mean(keras.ops.abs(features), axis=-1)
        >>> ml.FeaturePenalty(sparse, layer="code").features
        ('code',)
    """

    fn: Callable[..., Any]
    layer: str
    _: dataclasses.KW_ONLY
    balanced: bool = True  # type: ignore[misc]
    arguments: tuple[str, ...] = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.layer, str):
            raise invalid("`layer` must be a layer's name", received=self.layer)
        check_flag("balanced", self.balanced)
        if not callable(self.fn):
            raise invalid("`fn` of a FeaturePenalty must be a function of `features`", received=self.fn)
        asked = inspect.signature(self.fn).parameters.values()
        needed = [p.name for p in asked if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        if "features" not in needed or not set(needed) <= set(ARGUMENTS):
            raise invalid(
                "`fn` of a FeaturePenalty must be a function of `features`, or of `features` and `y_true`",
                received=f"{getattr(self.fn, '__name__', self.fn)}({', '.join(needed)})",
            )
        object.__setattr__(self, "arguments", tuple(needed))

    @property
    def features(self) -> tuple[str, ...]:  # type: ignore[override]
        """The layer's name."""
        return (self.layer,)

    @property
    def reads_targets(self) -> bool:  # type: ignore[override]
        """Whether the function asks for `y_true`."""
        return "y_true" in self.arguments

    def evaluate(self, name: str, batch: Batch) -> TermValue:
        """Calls the function with the layer's output."""
        if self.reads_targets and not batch.y_true:
            raise invalid(f"Term {name!r} reads `y_true`", received="a batch without targets")
        y_true = {key: signed(target) for key, target in batch.y_true.items()}
        offered = {"features": batch.feature(name, self.layer), "y_true": y_true}
        value = self.fn(**{argument: offered[argument] for argument in self.arguments})
        return batch_value(name, as_values(name, value), batch)

    def explain(self) -> tuple[str, str]:
        """What the term reads, and how it is reduced."""
        return f"{getattr(self.fn, '__name__', 'penalty')} of layer {self.layer}", "mean per sample"

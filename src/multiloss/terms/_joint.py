"""`Joint`: one loss that sees several outputs, targets, inputs or the model."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from .._core.errors import invalid
from .._core.kinds import check_flag
from .._core.registry import PACKAGE
from ._batch import Batch, TermValue, batch_value, signed
from ._description import Description, check_output
from ._values import as_values

ARGUMENTS = ("x", "y_true", "y_pred", "sample_weight", "model", "step")


@keras.saving.register_keras_serializable(PACKAGE)
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Joint(Description):
    """A loss that is called by argument name with what it asks for.

    Args:
        fn: a function with any of the arguments `x, y_true, y_pred, sample_weight, model, step`. `y_true` and
            `y_pred` are dicts by output name; it returns a scalar or one value per sample, shape `(batch,)`. Targets
            keep their dtype, but for unsigned integers, which become signed ones: 0 - 1 shall be -1.
        outputs: the outputs that it reads; checked, and only those are passed. None: all.
        targets: the targets that it reads; None: all that the batch has.
        balanced: False keeps the term out of balancing.

    Raises:
        ValueError: when `fn` asks for an argument that there is not.

    Example:
        >>> import keras, multiloss as ml
        >>> def agree(y_pred):
        ...     return keras.ops.mean((y_pred["a"] - y_pred["b"]) ** 2, axis=-1)
        >>> ml.Joint(agree).arguments
        ('y_pred',)
    """

    fn: Callable[..., Any]
    outputs: Sequence[str] | None = None
    _: dataclasses.KW_ONLY
    targets: Sequence[str] | None = None
    balanced: bool = True  # type: ignore[misc]
    arguments: tuple[str, ...] = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not callable(self.fn):
            raise invalid(f"`fn` of a Joint must be a function of any of {list(ARGUMENTS)}", received=self.fn)
        check_flag("balanced", self.balanced)
        if isinstance(self.outputs, str) or isinstance(self.targets, str):
            raise invalid(
                "`outputs` and `targets` of a Joint must be lists of names", received=self.outputs or self.targets
            )
        asked = inspect.signature(self.fn).parameters.values()
        needed = [p.name for p in asked if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY, p.POSITIONAL_ONLY)]
        optional = {p.name for p in asked if p.default is not p.empty}
        strange = [name for name in needed if name not in ARGUMENTS and name not in optional]
        if strange or any(p.kind is p.POSITIONAL_ONLY for p in asked):
            raise invalid(
                f"A joint function may ask by name for any of {list(ARGUMENTS)}",
                received=f"{getattr(self.fn, '__name__', self.fn)}({', '.join(needed)})",
            )
        object.__setattr__(self, "arguments", tuple(name for name in needed if name in ARGUMENTS))

    @property
    def reads_targets(self) -> bool:  # type: ignore[override]
        """Whether the function asks for `y_true`."""
        return "y_true" in self.arguments

    def bound(self, key: str, outputs: Sequence[str] | None) -> Joint:
        """Checks the outputs' names."""
        for output in self.outputs or ():
            check_output(key, output, outputs)
        return self

    def evaluate(self, name: str, batch: Batch) -> TermValue:
        """Calls the function with what it asks for."""
        y_true: Mapping[str, Any] = batch.y_true
        if self.reads_targets:
            if not y_true:
                raise invalid(f"Term {name!r} reads `y_true`", received="a batch without targets")
            y_true = {key: signed(batch.target(name, key)) for key in self.targets or y_true}
        keys = {*batch.y_pred, *batch.y_true, ""}
        weights = {key: weight for key, weight in batch.sample_weight.items() if weight is not None and key in keys}
        offered = {
            "x": batch.x,
            "y_true": y_true,
            "y_pred": {key: batch.output(name, key) for key in self.outputs or batch.y_pred},
            "sample_weight": weights.get("", weights or None),
            "model": batch.model,
            "step": batch.step,
        }
        try:
            value = self.fn(**{argument: offered[argument] for argument in self.arguments})
        except KeyError as error:
            known = {"y_true": sorted(y_true), "y_pred": sorted(batch.y_pred)}
            raise invalid(f"Term {name!r} asked for the unknown key {error}", received=f"the keys {known}") from error
        return batch_value(name, as_values(name, value), batch)

    def explain(self) -> tuple[str, str]:
        """What the term reads, and how it is reduced."""
        return f"{getattr(self.fn, '__name__', 'joint')}({', '.join(self.arguments)})", "mean per sample"

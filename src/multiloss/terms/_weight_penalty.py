"""`WeightPenalty`: a penalty on the weights of chosen layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.kinds import check_flag
from .._core.linalg import to_float
from .._core.registry import PACKAGE
from .._core.variables import layer_names, matches
from ._batch import Batch, TermValue
from ._description import Description
from ._norms import WEIGHT_NORMS, entry_function
from ._values import as_values

KERNELS = ("kernel", "embeddings")


@keras.saving.register_keras_serializable(PACKAGE)
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class WeightPenalty(Description):
    """A penalty on trainable weights, which follows them as they train; never balanced.

    value = sum over the entries of the chosen weights of |w| (`"l1"`) or w^2 (`"l2"`); or sum over their columns of
    the column's L2 norm (`"group"`, the group lasso by output unit, with gradient 0 at a column of zeros: a unit that
    is off stays off as far as the penalty goes). A column is what belongs to one index of the last axis.

    Args:
        norm: `"l1"`, `"l2"` (sum of squares), `"group"`, or a function from one weight tensor to a scalar.
        layers: a pattern, matched by `re.fullmatch` on a layer's name or path; sublayers of a match are included.
        kernels_only: only variables named `kernel` or `embeddings`; False takes biases and all others too.

    Raises:
        ValueError: when the pattern matches no layer of the model, with the names that it could have matched.

    Example:
        >>> import multiloss as ml
        >>> ml.WeightPenalty("l1", layers="trunk.*").layers
        'trunk.*'

    Reference for `"group"`: Yuan and Lin, Model selection and estimation in regression with grouped variables, 2006,
    doi:10.1111/j.1467-9868.2005.00532.x; here without the factor for a group's size, which is the same for all
    columns of a weight.
    """

    norm: str | Callable[..., Any]
    layers: str = ".*"
    _: dataclasses.KW_ONLY
    kernels_only: bool = True

    balanced = False

    def __post_init__(self) -> None:
        check_flag("kernels_only", self.kernels_only)
        if not isinstance(self.layers, str):
            raise invalid(
                "`layers` of a WeightPenalty must be one pattern",
                received=repr(self.layers),
                fix="For several layers write 'first|second'.",
            )
        entry_function(self.norm, WEIGHT_NORMS)

    def evaluate(self, name: str, batch: Batch) -> TermValue:
        """Sums the penalty over the chosen weights."""
        function = entry_function(self.norm, WEIGHT_NORMS)
        values = []
        for variable in self.variables(name, batch.model):
            weight = to_float(variable)
            values.append(as_values(name, self.norm(weight)) if function is None else ops.sum(function(weight)))  # type: ignore[operator]
        return TermValue(sum(values[1:], values[0]), np.float32(1.0), batch.size, batch.size)

    def variables(self, name: str, model: Any) -> Sequence[Any]:
        """The model's variables that the penalty reads."""
        candidates = model.trainable_variables
        chosen = [
            variable
            for variable in candidates
            if matches(self.layers, variable) and (not self.kernels_only or variable.name in KERNELS)
        ]
        if not chosen:
            raise invalid(
                f"`layers` of term {name!r} must match a layer with "
                f"{'a kernel or embeddings' if self.kernels_only else 'trainable weights'}",
                received=self.layers,
                fix=f"Layers: {', '.join(layer_names(candidates))}.",
            )
        return chosen

    def explain(self) -> tuple[str, str]:
        """What the term reads, and how it is reduced."""
        norm = self.norm if isinstance(self.norm, str) else getattr(self.norm, "__name__", "penalty")
        return (
            f"{norm} of {'kernels' if self.kernels_only else 'weights'} of {self.layers}",
            "sum over columns" if self.norm == "group" else "sum over entries",
        )

"""The terms of a problem, as a search sees them: which weights it may change, and how large the losses are."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from keras import tree

from ..._core.errors import invalid
from ..._core.scale import Scale
from ...problems import Problem
from ...scales import Constant
from ...training import compile as compile_trainer
from ..runs import InitialModel, is_arrays

# Rows of the training data that are looked at for the size of the losses.
_ROWS = 256


@dataclass(frozen=True)
class Terms:
    """The terms of a problem.

    Attributes:
        balanced: the names of the terms that a balancer would weigh and that the user has not switched off.
        others: those of the other ones: penalties, constraints, regularisation, and what has the weight 0.
        own: what the user gave as `loss_weights`, by term or by the output that holds several.
    """

    balanced: tuple[str, ...]
    others: tuple[str, ...]
    own: Mapping[str, Any]

    def loss_weights(self, weights: Mapping[str, float]) -> dict[str, Any] | None:
        """What `loss_weights=` must be so that these terms have these weights and all others keep the user's.

        None where nothing is searched: the problem's own weights then stay as they are.
        """
        if not weights:
            return None
        kept = {name: self._kept(name) for name in (*self.balanced, *self.others) if name not in weights}
        return {**{name: weight for name, weight in kept.items() if weight is not None}, **weights}

    def _kept(self, name: str) -> Any:
        parent = self.own.get(name.split("/")[0]) if "/" in name else None
        own = self.own.get(name)
        if parent is None or own is None:
            return own if parent is None else parent
        if isinstance(parent, Real) and isinstance(own, Real):
            return float(parent) * float(own)
        raise invalid(
            f"The weights of {name!r} and of its output cannot both be given where one follows a schedule",
            received=f"{own!r} and {parent!r}",
            fix=f"Write their product as the weight of {name!r}.",
        )

    def numbers(self) -> dict[str, float] | None:
        """The user's own weights of the balanced terms; None where there are none, or one is not a positive number."""
        if not self.own:
            return None
        found = {name: self._kept(name) for name in self.balanced}
        values = {name: 1.0 if weight is None else weight for name, weight in found.items()}
        if not all(isinstance(weight, Real) and float(weight) > 0.0 for weight in values.values()):
            return None
        return {name: float(weight) for name, weight in values.items()}


def look(problem: Problem, initial: InitialModel, measure: bool) -> tuple[Terms, dict[str, float]]:
    """The terms of a problem, and the size of each balanced loss before training.

    Args:
        problem: whose.
        initial: gives the model.
        measure: whether the sizes are wanted: one forward pass over a few rows of the training data.

    Returns:
        The terms, and term to loss value, only for those that are finite and positive. A number as its scale
        divides it; with any other scale a term counts 1, which is what scales are for.
    """
    trainer = compile_trainer(initial.model(), "sgd", loss=problem.new_loss(), loss_weights=problem.loss_weights)
    balanced = tuple(
        name
        for name, term in trainer.terms.items()
        if term.balanced and (term.weight.schedules or term.weight.value != 0.0)
    )
    others = tuple(name for name in trainer.terms if name not in balanced)
    sizes = _sizes(trainer, problem.train, balanced) if measure else {}
    return Terms(balanced, others, dict(problem.loss_weights or {})), sizes


def _sizes(trainer: Any, data: Any, names: tuple[str, ...]) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not known yet.*")  # the raw losses are wanted
        if is_arrays(data):
            rows = tree.map_structure(lambda array: None if array is None else np.asarray(array)[:_ROWS], tuple(data))
            logs = trainer.evaluate(*rows[:2], sample_weight=rows[2] if len(rows) > 2 else None, **_QUIET)
        else:
            logs = trainer.evaluate(data, steps=1, **_QUIET)
    sizes = {name: _scaled(float(logs[f"{name}_loss"]), trainer.terms[name].scale) for name in names}
    return {name: size for name, size in sizes.items() if math.isfinite(size) and size > 0.0}


def _scaled(loss: float, scale: Scale | None) -> float:
    if scale is None or isinstance(scale, Constant):
        return loss / (1.0 if scale is None else scale.value)
    return 1.0


_QUIET = {"verbose": 0, "return_dict": True}

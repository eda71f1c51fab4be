"""What a comparison ran with, displayed to people."""

from __future__ import annotations

import inspect
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ..._core.configured import Configured
from ..._core.registry import entry_of
from ..._core.versions import package_version
from ...problems import Problem
from ._budget import Budget
from ._contender import Contender


def displayed_settings(
    problem: Problem, budget: Budget, seeds: Sequence[int], balancers: Mapping[str, Contender]
) -> dict[str, Any]:
    """What a person needs to do the comparison again."""
    backend = keras.backend.backend()
    return {
        "epochs": budget.epochs,
        "budget": budget.short(),
        "budget_in_words": str(budget),
        "seeds": list(seeds),
        "batch_size": problem.batch_size,
        "judged_on": "validation data" if problem.test is None else "test data",
        "optimizer": _optimizer_name(problem),
        "backend": backend,
        "dtype_policy": keras.config.dtype_policy().name,
        "versions": {name: package_version(name) for name in ("multiloss", "keras", backend, "numpy")},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "balancers": {label: _displayed_contender(contender) for label, contender in balancers.items()},
    }


def _displayed_contender(contender: Contender) -> dict[str, Any]:
    displayed = _displayed_balancer(contender)
    return (
        displayed if contender.loss_weights is None else {**displayed, "loss_weights": _plain(contender.loss_weights)}
    )


def _displayed_balancer(contender: Contender) -> dict[str, Any]:
    balancer = contender.balancer
    if balancer is None:
        summary = "The weights that the user gave, unchanged."
        if contender.loss_weights is not None:
            summary = f"Fixed weights of its own: {_in_words(contender.loss_weights)}."
        return {"name": None, "summary": summary, "paper": "", "needs": "nothing"}
    entry = entry_of(type(balancer))
    return {
        "name": entry.name if entry else None,
        "summary": (inspect.getdoc(type(balancer)) or "").split("\n")[0],
        "paper": entry.paper if entry else "",
        "needs": balancer.needs.value,
        "config": _plain(balancer.get_config()),
    }


def _plain(value: Any) -> Any:
    """What JSON can hold of a value: what is no number, text or container as one would write it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return repr(value) if isinstance(value, Configured) else getattr(value, "__name__", type(value).__name__)


def _in_words(weights: Mapping[str, Any]) -> str:
    numbers = {name: f"{value:.4g}" for name, value in weights.items() if isinstance(value, int | float)}
    return ", ".join(f"{name} {numbers.get(name, type(value).__name__)}" for name, value in weights.items())


def _optimizer_name(problem: Problem) -> str:
    if isinstance(problem.optimizer, str):
        return problem.optimizer
    return str(getattr(problem.optimizer, "name", None) or getattr(problem.optimizer, "__name__", "own"))

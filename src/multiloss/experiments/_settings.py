"""What a comparison ran with: shown to people, and as a digest for stored runs."""

from __future__ import annotations

import inspect
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import keras

from .._core.balancer import Balancer
from .._core.registry import entry_of
from ..problems import Problem
from ._fingerprint import describe, digest


def settings_shown(
    problem: Problem, epochs: int, seeds: Sequence[int], balancers: Mapping[str, Balancer | None]
) -> dict[str, Any]:
    """What a person needs to do the comparison again."""
    backend = keras.backend.backend()
    return {
        "epochs": epochs,
        "seeds": list(seeds),
        "batch_size": problem.batch_size,
        "optimizer": _optimizer_name(problem),
        "backend": backend,
        "dtype_policy": keras.config.dtype_policy().name,
        "versions": {name: _version(name) for name in ("multiloss", "keras", backend, "numpy")},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "balancers": {label: _balancer_shown(balancer) for label, balancer in balancers.items()},
    }


def settings_digest(problem: Problem, epochs: int, balancer: Balancer | None, data: Sequence[str]) -> str:
    """Digest of everything that a run depends on, its seed's initial weights and the data among it.

    Args:
        problem: its losses, metrics, optimizer and batch size enter.
        epochs: epochs of a run.
        balancer: None for none.
        data: digests of the data sets and of the initial weights.
    """
    return digest(
        {
            "problem": [problem.name, describe(problem.new_loss()), describe(problem.loss_weights)],
            "metrics": [describe(problem.new_metrics()), dict(problem.score)],
            "training": [describe(problem.new_optimizer()), problem.batch_size, epochs],
            "balancer": describe(balancer),
            "data": list(data),
            "backend": [keras.backend.backend(), keras.config.dtype_policy().name, keras.config.floatx()],
            "versions": [_version("multiloss"), _version("keras")],
        }
    )


def _balancer_shown(balancer: Balancer | None) -> dict[str, Any]:
    if balancer is None:
        return {"name": None, "summary": "The weights that the user gave, unchanged.", "paper": "", "needs": "nothing"}
    entry = entry_of(type(balancer))
    return {
        "name": entry.name if entry else None,
        "summary": (inspect.getdoc(type(balancer)) or "").split("\n")[0],
        "paper": entry.paper if entry else "",
        "needs": balancer.needs.value,
        "config": describe(balancer.get_config()),
    }


def _optimizer_name(problem: Problem) -> str:
    if isinstance(problem.optimizer, str):
        return problem.optimizer
    return str(getattr(problem.optimizer, "name", None) or getattr(problem.optimizer, "__name__", "own"))


def _version(package: str) -> str | None:
    # TensorFlow comes in packages of several names.
    for name in (package, f"{package}-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None

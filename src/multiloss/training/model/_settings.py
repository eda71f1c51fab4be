"""The settings of a trainer as one flat dict, for experiment trackers."""

from __future__ import annotations

from typing import Any

import keras

from ..._core.configured import flat, flat_arguments
from ..._core.registry import entry_of
from ..._core.versions import package_version

Setting = str | int | float | bool


def settings(trainer: Any) -> dict[str, Setting]:
    """See `MultiLossModel.settings`."""
    found: dict[str, Setting] = {}
    for name, term in trainer.terms.items():
        reads, reduction = term.description.explain() if term.description else ("regularisers and add_loss", "sum")
        found |= {
            f"term/{name}/reads": reads,
            f"term/{name}/reduction": reduction,
            f"term/{name}/scale": "none" if term.scale is None else repr(term.scale),
            f"term/{name}/weight": float(term.weight.value),
            f"term/{name}/balanced": bool(term.balanced),
        }
        if term.weight.schedules:
            found[f"term/{name}/weight_schedule"] = " x ".join(map(repr, term.weight.schedules))
    balancer = trainer.balancer
    entry = entry_of(type(balancer))
    found["balancer"] = entry.name if entry else type(balancer).__name__
    found |= {f"balancer/{name}": value for name, value in flat_arguments(balancer).items()}
    found |= _of_optimizer(trainer.optimizer)
    backend = keras.backend.backend()
    found |= {"on_nonfinite": trainer.program.guard.mode, "backend": backend}
    found["dtype_policy"] = keras.config.dtype_policy().name
    versions = {name: package_version(name) for name in ("multiloss", "keras", backend)}
    return found | {f"version/{name}": version or "unknown" for name, version in versions.items()}


def _of_optimizer(optimizer: Any) -> dict[str, Setting]:
    """Its class and its learning rate, which is a number, or a schedule in words."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # of a loss scale
    rate = inner.get_config().get("learning_rate")
    if isinstance(rate, dict):
        arguments = ", ".join(f"{name}={value!r}" for name, value in rate["config"].items() if name != "name")
        rate = f"{rate['class_name']}({arguments})"
    return {"optimizer": type(inner).__name__, "optimizer/learning_rate": flat(rate)}

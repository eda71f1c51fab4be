"""The names of the logs of an evaluation, and which of them end at 1, known without one."""

from __future__ import annotations

from typing import Any

from ..reading import read_data
from ._model import MultiLossModel


def evaluation_log_names(trainer: MultiLossModel, x: Any, y: Any = None, sample_weight: Any = None) -> list[str]:
    """What `evaluate(..., return_dict=True)` will have as keys; the step runs on shapes alone.

    Args:
        trainer: compiled.
        x: inputs of one batch.
        y: targets.
        sample_weight: sample weights.
    """
    trainer._symbolic_build(data_batch=read_data(trainer.program.names, x, y, sample_weight))
    return list(trainer.program.evaluation_logs())


def metrics_up_to_one(trainer: MultiLossModel) -> set[str]:
    """The logs of those metrics of which Keras says that higher is better: all of them are best at 1.

    Args:
        trainer: compiled; the names of a subclassed model's outputs are known after its first batch.
    """
    return {name for name, way in trainer._directions().items() if way == "up"}

"""The names of the logs of an evaluation, known without one."""

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

"""How far training is: what schedules and balancers may read of steps, epochs, last losses and epoch logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from ..._core.balancer import Balancer
from ..._core.errors import unknown_name
from ..._core.schedule import Schedule, TrainingProgress
from ..._core.typing import Array
from .._keras_seams import sync_state
from ..reading import TrainingState

LOSSES, LOGS = "progress/losses", "progress/logs"
# Stands for NaN in the variables: JAX gives processes nothing that is not equal to itself.
UNKNOWN = np.finfo("float32").max


class History:
    """Keeps, in variables, the losses of the last applied step and the epoch logs that somebody monitors.

    Args:
        term_names: all terms, in order.
        schedules: all schedules of the user's weights.
        balancer: the balancer.
        num_balanced: the number of balanced terms.
        state: where the variables are.
    """

    def __init__(
        self,
        term_names: Sequence[str],
        schedules: Sequence[Schedule],
        balancer: Balancer,
        num_balanced: int,
        state: TrainingState,
    ):
        self.term_names = list(term_names)
        self.reads_losses = any(schedule.reads_losses() for schedule in schedules)
        self.of_balancer = balancer.monitors(num_balanced)
        watched = [name for schedule in schedules for name in schedule.monitors()]
        self.log_names = list(dict.fromkeys([*watched, *self.of_balancer]))
        self.state = state

    def initial_values(self) -> dict[str, Any]:
        """Nothing is known yet: read as NaN, with which every comparison is false."""
        values = {}
        if self.reads_losses:
            values[LOSSES] = np.full(len(self.term_names), UNKNOWN)
        if self.log_names:
            values[LOGS] = np.full(len(self.log_names), UNKNOWN)
        return values

    def progress(self) -> TrainingProgress:
        """What schedules read in this step."""
        losses, logs = {}, {}
        if self.reads_losses:
            vector = _known(self.state[LOSSES].value)
            losses = {name: vector[index] for index, name in enumerate(self.term_names)}
        if self.log_names:
            vector = _known(self.state[LOGS].value)
            logs = {name: vector[index] for index, name in enumerate(self.log_names)}
        return TrainingProgress(self.state["step"].value, self.state["epoch"].value, losses=losses, logs=logs)

    def monitored(self) -> Array:
        """What the balancer reads of the epoch logs, in the order in which it named them."""
        places = [self.log_names.index(name) for name in self.of_balancer]
        return ops.take(_known(self.state[LOGS].value), places, axis=0)

    def remember_losses(self, losses: Array, labelled: Array) -> None:
        """Keeps the losses of a step, where a schedule reads them; those of terms without a label in the batch stay."""
        variable = self.state[LOSSES]
        variable.assign(ops.where(labelled, losses, variable.value))

    def remember_logs(self, host: Any, logs: Mapping[str, Any]) -> None:
        """Keeps the monitored logs of an epoch; outside the graph.

        Raises:
            ValueError: for a name that the logs do not have; names of validation may wait for an epoch with one.
        """
        if not self.log_names:
            return
        sync_state(host)
        values = np.array(ops.convert_to_numpy(self.state[LOGS]))
        validated = any(name.startswith("val_") for name in logs)
        for index, name in enumerate(self.log_names):
            if name in logs:
                values[index] = float(logs[name])
            elif validated or not name.startswith("val_"):
                raise unknown_name("log", name, logs, "A schedule or the balancer reads it at the end of each epoch.")
        self.state[LOGS].assign(np.where(np.isnan(values), UNKNOWN, values))


def _known(vector: Array) -> Array:
    """What was remembered, with NaN where nothing is known."""
    return ops.where(ops.equal(vector, UNKNOWN), np.float32(np.nan), vector)


def check_schedules(schedules: Sequence[Schedule], term_names: Sequence[str]) -> None:
    """Evaluates every schedule once, before anything is known, so that a wrong name raises at once."""
    unknown = ops.convert_to_tensor(np.float32(np.nan))
    zero = ops.zeros((), "int32")
    for schedule in schedules:
        logs = dict.fromkeys(schedule.monitors(), unknown)
        schedule.value(TrainingProgress(zero, zero, losses=dict.fromkeys(term_names, unknown), logs=logs))

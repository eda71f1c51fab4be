"""The base of the scales that are a statistic of the targets: how their labels are joined, batch by batch."""

from __future__ import annotations

import abc
import functools
from typing import ClassVar

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.scale import Observation, Scale
from .._core.typing import Array, State
from .._core.wording import counted
from ._guard import positive, usable

# So many labels say something: fewer wait until others join them.
HANDFUL = 8


class TargetStatistic(Scale):
    """The base of scales that are a statistic of all labelled targets that training has seen.

    The labels of the batches are joined to one statistic: after a pass over the data it is that of the data, and no
    batch has a size of its own. Fewer than 8 labels move nothing: they wait until they are 8, together with those of
    the batches that follow. Until 8 labels say something the scale is not known, and the term takes no part. What does
    not count: missing labels, those with weight 0, those that are not finite; evaluations.

    `trainer.calibrate(data)` measures the statistic before training, in one pass; it then stays as it is.

    Attributes:
        statistics: the names of the scalars that describe some targets; all are 0 for no targets.
    """

    fixed: ClassVar[bool] = True
    reads_targets: ClassVar[bool] = True
    statistics: ClassVar[tuple[str, ...]]

    def init(self) -> State:
        """No label seen, none waiting, no pass made."""
        names = [f"{place}{name}" for place in ("", "waiting_") for name in ("count", *self.statistics)]
        return {**{name: np.zeros((), "float32") for name in names}, "measured": np.zeros((), "int32")}

    @abc.abstractmethod
    def describe(self, targets: Array, labelled: Array, count: Array) -> State:
        """The statistics of some targets.

        Args:
            targets: float, 0 where there is no label.
            labelled: bool, in the same shape.
            count: the number of labels, at least 1.
        """

    @abc.abstractmethod
    def join(self, first: State, second: State, share: Array) -> State:
        """The statistics of two groups of targets together.

        Args:
            first: the statistics of one group.
            second: those of the other.
            share: the part of all labels that the other group has, in [0, 1]; one that has none says nothing.
        """

    @abc.abstractmethod
    def size(self, state: State) -> Array:
        """The divisor by the statistics; 0 where the targets do not differ."""

    def divisor(self, observation: Observation, state: State) -> tuple[Array, State]:
        """The statistic; 1 where it is not known."""
        if observation.targets is None:
            raise invalid(
                f"The scale {type(self).__name__} needs a term with a target",
                received="a term without one",
                fix="Use 'running_mean' or a number.",
            )
        state = _tensors(state)
        if observation.training:
            state = self._moved(observation, state)
        return ops.cast(positive(self.size(state)), to_float(observation.loss).dtype), state

    def is_known(self, state: State) -> Array:
        """Whether a handful of labels was seen, and they differ."""
        state = _tensors(state)
        return ops.logical_and(state["count"] > 0, usable(self.size(state)))

    def measured_on_targets(self, state: State) -> State:
        """The state after a pass: the labels that wait are joined, and nothing moves any more."""
        state = _tensors(state)
        total = self._joined(_part(state, ""), _part(state, "waiting_"))
        count, differ = (ops.convert_to_numpy(value) for value in (total["count"], usable(self.size(total))))
        if count < HANDFUL or not differ:
            raise invalid(
                f"The scale {type(self).__name__} needs at least {HANDFUL} labels that are not all alike",
                received=counted(int(count), "label"),
                fix="Pass more data, or use a number.",
            )
        total = {name: ops.convert_to_numpy(value) for name, value in total.items()}
        return {**self.init(), **total, "measured": np.ones((), "int32")}

    def _moved(self, observation: Observation, state: State) -> State:
        """The state after one more training batch."""
        joined = self._joined(_part(state, "waiting_"), self._whole_batch(observation))
        enough = joined["count"] >= HANDFUL
        after = self._joined(_part(state, ""), joined)
        still = state["measured"] > 0
        moved = {name: ops.where(enough, after[name], state[name]) for name in after}
        moved |= {f"waiting_{name}": ops.where(enough, ops.zeros_like(v), v) for name, v in joined.items()}
        return {name: ops.where(still, value, moved.get(name, value)) for name, value in state.items()}

    def _whole_batch(self, observation: Observation) -> State:
        """The statistics of a batch, joined over the replicas that have a part of it each."""
        part = self._batch(observation)
        if observation.gather is None:
            return part
        names = sorted(part)
        rows = observation.gather(ops.stack([part[name] for name in names]))
        parts = [{name: row[place] for place, name in enumerate(names)} for row in ops.unstack(rows)]
        return functools.reduce(self._joined, parts)

    def _batch(self, observation: Observation) -> State:
        targets = ops.stop_gradient(to_float(observation.targets))
        labelled = ops.logical_and(ops.isfinite(targets), ops.cast(observation.present, "bool"))
        if observation.labelled is not None:
            labelled = ops.logical_and(labelled, ops.cast(observation.labelled, "bool"))
        targets = ops.where(labelled, targets, ops.zeros_like(targets))
        count = ops.sum(ops.cast(labelled, "float32"))
        found = self.describe(targets, labelled, ops.maximum(count, 1.0))
        found = {name: ops.cast(value, "float32") for name, value in found.items()}
        # TensorFlow may learn only now that a batch is empty: nothing has no extremes.
        return {
            "count": count,
            **{name: ops.where(count > 0, value, ops.zeros_like(value)) for name, value in found.items()},
        }

    def _joined(self, first: State, second: State) -> State:
        count = first["count"] + second["count"]
        share = second["count"] / ops.maximum(count, 1.0)
        return {"count": count, **self.join(first, second, share)}


def _tensors(state: State) -> State:
    return {name: ops.convert_to_tensor(value) for name, value in state.items()}


def _part(state: State, place: str) -> State:
    """Those of the seen labels, or of the waiting ones, without the prefix."""
    names = [name for name in state if name.startswith("waiting_") == bool(place) and name != "measured"]
    return {name.removeprefix(place): state[name] for name in names}

"""The callback that every `fit` carries: sets the epoch, and ends training after a step that was not finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from .._keras_seams import sync_state
from ..step import GuardReader, check_progress
from ._calibration import warn_of_unknown


class FitObserver(keras.callbacks.Callback):
    """A callback that is told with what `fit` was called, and comes first, so that the others see its logs.

    In a `keras.callbacks.CallbackList` it stays where it was put.
    """

    def on_fit(self, arguments: Mapping[str, Any]) -> None:
        """Told before training begins.

        Args:
            arguments: those of `fit` that were given, by name.
        """


class TrainingMonitor(keras.callbacks.Callback):
    """Sets the epoch variable and reads the guard's flag."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts reading."""
        self._begun: tuple[int, int, int] | None = None
        guard = self.model.program.guard
        self._reader = GuardReader(self.model, guard) if guard.mode == "raise" else None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the schedules the epoch."""
        self.model.state["epoch"].assign(epoch)
        if self.model.program.leaves_steps_out:
            self._begun = epoch, self._applied_steps(), self.model.skipped_steps

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the execution before the last one.

        Not at a batch's end: for the sake of one callback that asks for that, Keras waits for every step's logs.
        """
        if self._reader is not None:
            self._reader.after_execution()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Does not validate after a step that went wrong."""
        if self._reader is not None:
            self._reader.check()
        self._check_progress()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the last execution; counts the skipped steps in the logs; keeps what schedules wait for."""
        if self._reader is not None:
            self._reader.check()
        self._check_progress()
        if self._reader is None and self.model.program.guard.mode == "skip" and logs is not None:
            logs["skipped_steps"] = self.model.skipped_steps
        warn_of_unknown(self.model)
        self.model.program.objective.replicas.check_same(self.model.weights)
        self.model.program.objective.history.remember_logs(self.model, logs or {})

    def _applied_steps(self) -> int:
        sync_state(self.model)
        return int(ops.convert_to_numpy(self.model.state["step"]))

    def _check_progress(self) -> None:
        """Once an epoch: refuses, or warns of, one in which no step was applied."""
        if self._begun is not None:
            epoch, applied, skipped = self._begun
            if self._applied_steps() == applied:
                check_progress(self.model.program.guard, epoch, self.model.skipped_steps - skipped)
        self._begun = None

"""The callback that every `fit` carries: sets the epoch, and ends training after a step that was not finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ..step import GuardReader
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
        guard = self.model.program.guard
        self._reader = GuardReader(self.model, guard) if guard.mode == "raise" else None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the schedules the epoch."""
        self.model.state["epoch"].assign(epoch)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the execution before this one."""
        if self._reader is not None:
            self._reader.after_execution()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Does not validate after a step that went wrong."""
        if self._reader is not None:
            self._reader.check()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the last execution; counts the skipped steps in the logs; keeps what schedules wait for."""
        if self._reader is not None:
            self._reader.check()
        elif self.model.program.guard.mode == "skip" and logs is not None:
            logs["skipped_steps"] = self.model.skipped_steps
        warn_of_unknown(self.model)
        self.model.program.objective.history.remember_logs(self.model, logs or {})

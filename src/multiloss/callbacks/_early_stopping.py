"""`EarlyStopping` over several monitors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from .._core.errors import invalid, unknown_name
from ._history import MonitorHistory

RULES = ("all", "any", "mean_rank")


class EarlyStopping(keras.callbacks.Callback):
    """Stops training when several monitors have stopped improving; works with any Keras model.

    Let v_m(e) be the value of monitor m in epoch e, and d_m its `min_delta`. Monitor m *improves* in epoch e when
    v_m(e) is better than its best value so far by more than d_m; its *wait* is the number of epochs since it last
    improved (or since the first).
    With P = max(patience, 1), training stops at the end of an epoch in which

    - `"all"`: every monitor has wait >= P: none of them improved for P epochs. One that goes on improving keeps
      the training going.
    - `"any"`: some monitor has wait >= P: one that stands still for P epochs is enough.
    - `"mean_rank"`: the best epoch, by the rank below, was P or more epochs ago.

    The *rank* of epoch e in monitor m counts the epochs so far that are better by more than d_m,
    r_m(e) = 1 + #{f : v_m(f) is better than v_m(e) by more than d_m}, and R(e) is the mean of r_m(e) over the monitors.
    The *best epoch* is the one with the lowest R(e), of equal ones the earliest, among those to which no other epoch is
    preferable (at least as good in every monitor and better in one). Units and sizes of the monitors do not matter.
    `restore_best_weights` goes back to that epoch, under every rule.

    Epochs that lack a monitor (validation only every second epoch) do not count, nor do those before
    `start_from_epoch`. A value that is NaN is never better.

    Costs nothing but for `restore_best_weights`: a copy of all weights in memory for every epoch that may yet become
    the best, those to which no other is preferable; with one monitor that is one copy.

    Args:
        monitors: log to `"max"` or `"min"`: `{"label_accuracy": "max", "size_mae": "min"}`. A name without `val_` is
            the validation log of that name, or the training log in a training without validation.
        rule: `"all"`, `"any"` or `"mean_rank"`.
        patience: epochs without improvement; 0 and 1 both stop at the first.
        min_delta: the least change that counts, in the monitor's units: a number >= 0 for all, or a dict by monitor.
        restore_best_weights: whether the model ends with the weights of the best epoch.
        start_from_epoch: epochs at the start that do not count.
        verbose: 1 prints a line when training was stopped.

    Attributes:
        best_epoch: the best epoch, from 0; None before there is one.
        stopped_epoch: the epoch after which training was stopped; None where it was not.

    Raises:
        ValueError: for no monitors, a wrong direction or rule, negative numbers; at the end of the first epoch, for a
            monitor that is not among the logs.

    Example:
        >>> from multiloss.callbacks import EarlyStopping
        >>> stop = EarlyStopping({"label_accuracy": "max", "size_mae": "min"}, rule="mean_rank", patience=5)
        >>> stop.rule
        'mean_rank'
    """

    def __init__(
        self,
        monitors: Mapping[str, str],
        rule: str = "all",
        *,
        patience: int = 0,
        min_delta: float | Mapping[str, float] = 0.0,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
        verbose: int = 0,
    ):
        super().__init__()
        if not isinstance(monitors, Mapping) or not monitors:
            raise invalid(
                "`monitors` must name at least one log and its direction",
                received=monitors,
                fix="Write, say, {'label_accuracy': 'max', 'size_mae': 'min'}.",
            )
        for name, direction in monitors.items():
            if direction not in ("max", "min"):
                raise invalid(f"`monitors[{name!r}]` must be 'max' or 'min'", received=direction)
        if rule not in RULES:
            raise invalid(f"`rule` must be one of {list(RULES)}", received=rule)
        for argument, value in (("patience", patience), ("start_from_epoch", start_from_epoch)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise invalid(f"`{argument}` must be an integer >= 0", received=value)
        self.monitors = dict(monitors)
        self.rule = rule
        self.patience = patience
        self.min_delta = _deltas(min_delta, self.monitors)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.verbose = verbose
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self._keys: dict[str, str] = {}  # the log that a monitor goes by
        self._kept: dict[int, list[np.ndarray]] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts anew."""
        self.best_epoch = self.stopped_epoch = None
        self._keys = {}
        self._start()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judges the epoch."""
        logs = logs or {}
        keys = {name: self._key(name, logs) for name in self.monitors}
        if any(key is None for key in keys.values()):
            return
        if keys != self._keys:
            # The first validation of the training: what was judged by training logs does not count.
            self._keys = {name: str(key) for name, key in keys.items()}
            self._start()
        if epoch < self.start_from_epoch:
            return
        self._history.add(epoch, [float(logs[str(key)]) for key in keys.values()])
        self.best_epoch = self._history.best()
        if self.restore_best_weights:
            self._kept[epoch] = self.model.get_weights()
            self._kept = {kept: self._kept[kept] for kept in self._history.candidates()}
        if self._stops():
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Restores the best weights; says so when no epoch could be judged."""
        if self.stopped_epoch is not None and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: stopped early; the best epoch was {(self.best_epoch or 0) + 1}.")
        if self.restore_best_weights and self.best_epoch is not None:
            self.model.set_weights(self._kept[self.best_epoch])
        if not self._keys:
            warnings.warn(
                f"EarlyStopping judged no epoch: {', '.join(self.monitors)} were not in the logs of any. "
                "Does `fit` have validation data?",
                UserWarning,
                stacklevel=2,
            )
        self._kept = {}

    def _start(self) -> None:
        self._history = MonitorHistory(list(self.monitors.values()), [self.min_delta[name] for name in self.monitors])
        self._kept = {}

    def _stops(self) -> bool:
        enough = max(self.patience, 1)
        if self.rule == "mean_rank":
            return self._history.since_best() >= enough
        waits = self._history.waits()
        return min(waits) >= enough if self.rule == "all" else max(waits) >= enough

    def _key(self, name: str, logs: Mapping[str, Any]) -> str | None:
        """The log of a monitor; None in an epoch that does not have it.

        Raises:
            ValueError: for a name that cannot appear later.
        """
        bare = name.removeprefix("val_")
        if f"val_{bare}" in logs:
            return f"val_{bare}"
        validated = any(key.startswith("val_") for key in logs)
        seen_in_validation = self._keys.get(name, "").startswith("val_")
        if seen_in_validation and not validated:
            return None
        if bare not in logs or (name != bare and validated):
            raise unknown_name("log", name, logs, "EarlyStopping monitors it at the end of each epoch.")
        return bare if name == bare else None


def _deltas(min_delta: float | Mapping[str, float], monitors: Mapping[str, str]) -> dict[str, float]:
    given = dict(min_delta) if isinstance(min_delta, Mapping) else dict.fromkeys(monitors, min_delta)
    for name, value in given.items():
        if name not in monitors:
            raise unknown_name("monitor in `min_delta`", name, monitors)
        if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 0:
            raise invalid("`min_delta` must be >= 0", received=value)
    return {name: float(given.get(name, 0.0)) for name in monitors}

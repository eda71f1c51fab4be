"""Keras's loops with what multiloss adds to them: the guard, calibrated scales, incomplete sample weights."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from . import _guard
from ._calibration import calibrate, check_calibrated
from ._callbacks import FitObserver, TrainingMonitor
from ._keras_seams import values_kept
from ._naming import complete_weights


class Loops:
    """`fit`, `evaluate`, `train_on_batch` and `calibrate`; `MultiLossModel` gives the attributes."""

    on_nonfinite: str
    _assert_compile_called: Any

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """As `keras.Model.fit`; a step that is not finite ends training with an error that names the term."""
        check_calibrated(self)
        bound = inspect.signature(super().fit).bind(*args, **kwargs)  # type: ignore[misc]
        if "sample_weight" in bound.arguments:
            bound.arguments["sample_weight"] = complete_weights(
                bound.arguments.get("y"), bound.arguments["sample_weight"]
            )
        callbacks = bound.arguments.get("callbacks")
        monitor = TrainingMonitor()
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks.append(monitor)
            given = callbacks.callbacks
        else:
            given = keras.tree.flatten(callbacks) if callbacks else []
            given = sorted(given, key=lambda callback: not isinstance(callback, FitObserver))
            bound.arguments["callbacks"] = [monitor, *given]
        for callback in given:
            if isinstance(callback, FitObserver):
                callback.on_fit(bound.arguments)
        with values_kept(self):
            return super().fit(*bound.args, **bound.kwargs)  # type: ignore[misc]

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.evaluate`; `sample_weight` may name only some of the outputs."""
        if "sample_weight" in kwargs:
            kwargs["sample_weight"] = complete_weights(y, kwargs["sample_weight"])
        return super().evaluate(x, y, *args, **kwargs)  # type: ignore[misc]

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.train_on_batch`, with the guard against non-finite steps."""
        check_calibrated(self)
        result = super().train_on_batch(*args, **kwargs)  # type: ignore[misc]
        if self.on_nonfinite == "raise":
            _guard.GuardReader(self).check()
        return result

    def calibrate(
        self, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int = 32, steps: int | None = None
    ) -> dict[str, float]:
        """Measures the scales of all terms with `scale="calibrated"` in a pass over data that trains nothing.

        Args:
            x: whatever `evaluate` takes: arrays with `y`, a `tf.data.Dataset`, a `PyDataset`, a `DataLoader`, a
                generator.
            y: targets, where `x` holds arrays.
            sample_weight: as in `fit`.
            batch_size: for arrays; the statistics are those of batch losses.
            steps: how many batches; None for all.

        Returns:
            The measured size of each term's loss by the term's name, in the loss's own units.

        Raises:
            ValueError: when no term asks for a pass, or a term has no label or no finite loss in the data; nothing is
                changed then.
        """
        self._assert_compile_called("calibrate")
        return calibrate(self, x, y, sample_weight, batch_size, steps)

    @property
    def skipped_steps(self) -> int:
        """How many steps were left out because a loss or gradient was not finite (`on_nonfinite="skip"`)."""
        return _guard.skipped_steps(self)

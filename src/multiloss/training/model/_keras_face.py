"""What Keras's callbacks and exporters find on the trainer: the user's model, and which logs are better when lower."""

from __future__ import annotations

from typing import Any

import keras

from .._keras_seams import LogDirections, direction_of, sync_state
from ..step import StepProgram


class KerasFace(keras.Model):
    """The side of the trainer that the step has nothing to do with."""

    program: StepProgram
    model: keras.Model

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """As Keras's, with the directions of all logs, by which callbacks without a `mode` judge them."""
        return [*super().metrics, LogDirections(self._directions)]

    def _directions(self) -> dict[str, str]:
        program = self.program
        if program is None:
            return {}
        found = dict.fromkeys(program.tracker.minimized(), "down")
        if program.metrics is not None:
            pairs = zip(program.metrics.log_names(), program.metrics.metrics, strict=True)
            found.update({name: way for name, metric in pairs if (way := direction_of(metric))})
        return found

    def get_layer(self, name: str | None = None, index: int | None = None) -> keras.layers.Layer:
        """A layer of the user's model, as its own method: callbacks ask for it."""
        return self.model.get_layer(name, index)

    def export(self, *args: Any, **kwargs: Any) -> None:
        """Exports the user's model, as `keras.Model.export` does: what is served needs no trainer."""
        sync_state(self)
        self.model.export(*args, **kwargs)

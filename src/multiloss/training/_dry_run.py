"""Runs the step once without data: every wrong name or shape raises before anything is trained."""

from __future__ import annotations

from typing import Any

import keras

from ._keras_seams import output_spec, peek, untracked


class DryRun:
    """What Keras calls before training, evaluation and prediction; `MultiLossModel` gives the attributes.

    On JAX an error while tracing inside `fit` would lose the model's weights; here nothing has been touched yet.
    """

    model: Any
    _checked: bool
    run_forward: Any
    update_metrics: Any

    def _symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Checks the terms on the shapes of the first batch, once for each compile."""
        if iterator is not None and not self._checked:
            data_batch = peek(iterator)
        if data_batch is not None and not self._checked:
            self._check(*keras.utils.unpack_x_y_sample_weight(data_batch))
            super()._symbolic_build(data_batch=data_batch)  # type: ignore[misc]
        else:
            super()._symbolic_build(iterator=iterator, data_batch=data_batch)  # type: ignore[misc]

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """TensorFlow's trainer calls this one, and would leave everything to the first trace."""
        self._symbolic_build(iterator=iterator, data_batch=data_batch)

    def _check(self, x: Any, y: Any, sample_weight: Any) -> None:
        def dry_run(x: Any, y: Any, sample_weight: Any) -> Any:
            with keras.StatelessScope(collect_losses=True):
                forward = self.run_forward(x, y, sample_weight, training=False)
                self.update_metrics(forward.batch)
            return [value.loss for value in forward.values]

        if not self.model.built:
            output_spec(lambda inputs: self(inputs, training=False), x)  # type: ignore[operator]
        output_spec(dry_run, x, y, sample_weight)
        untracked(self, _checked=True, _batch_size=int(keras.tree.flatten(x)[0].shape[0] or 1))

"""Runs the step once without data: every wrong name, shape or array raises before anything is trained."""

from __future__ import annotations

from typing import Any

import keras

from ...terms import TermValue
from .._keras_seams import output_spec
from ..reading import check_numbers, refuse_masked
from ..step import StepProgram
from ._traffic import warn_inexact

# Samples of a batch whose shape does not say it.
USUAL = 32


def dry_run(program: StepProgram, x: Any, y: Any, sample_weight: Any) -> None:
    """Checks the terms on the shapes of a batch.

    On JAX an error while tracing inside `fit` would lose the model's weights; here nothing has been touched yet.

    Args:
        program: the step; it learns the size of a batch.
        x: inputs.
        y: targets.
        sample_weight: sample weights.
    """

    values: list[TermValue] = []

    def run(x: Any, y: Any, sample_weight: Any) -> Any:
        with keras.StatelessScope(collect_losses=True):
            forward = program.forward(x, y, sample_weight, training=False)
            program.update_metrics(forward.batch)
        values[:] = forward.values
        return [value.loss for value in forward.values]

    refuse_masked(x=x, y=y, sample_weight=sample_weight)  # the first batch of a generator, or of a probe
    check_numbers(y, sample_weight)
    with program.same_draws():  # on PyTorch, what cannot be traced runs on numbers
        if not program.model.built:
            output_spec(lambda inputs: program.host.observe(inputs, False), x)
        output_spec(run, x, y, sample_weight)
    warn_inexact(program.host, values)
    program.notice_frozen()  # a model that is built only now trains from here on what is trainable now
    program.batch_size = int(keras.tree.flatten(x)[0].shape[0] or USUAL)

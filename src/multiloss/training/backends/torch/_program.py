"""The training step on PyTorch."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import torch
import torch._functorch.config

from ....terms import TermValue
from ..._keras_seams import sums_metrics
from ...rows import Activations, CapturedLayer, RecordingScope, Versions, cut
from ...step import Linearized, StepProgram, WritingProgram, join
from ._pullback import GraphPullback


class Program(WritingProgram):
    """See `StepProgram`."""

    def linearize(
        self, x: Any, y: Any, sample_weight: Any, *, around: Sequence[CapturedLayer] | None = None
    ) -> Linearized:
        """See `WritingProgram`; what it gives is detached."""
        activations = Activations(self.plan.captured() if around is None else (), source=_source)
        versions = Versions(self.model.trainable_variables)
        scope = RecordingScope(
            self.regularized_values(),
            versions=versions,
            detach=torch.Tensor.detach,
            source=lambda value: _source(value.clone()),
        )
        with scope, activations.capturing(), cut(around or ()):
            part = self.forward(x, y, sample_weight, training=True)
            losses, forward = join(part, self.objective.replicas)
        detached = dataclasses.replace(forward, values=[_detach(value) for value in forward.values])

        totals = [loss.detach() for loss in losses] if forward is part else [v.loss for v in detached.values]

        def connected_around(captured: Sequence[CapturedLayer]) -> list[set[int]]:
            with self.same_draws(), torch.enable_grad():
                return self.linearize(x, y, sample_weight, around=captured).pull.connected()

        pull = GraphPullback(losses, versions, activations)
        return Linearized(detached, totals, pull, scope, connected_around)

    def on_one_batch(self, function: Callable[[Linearized], Any], x: Any, y: Any, sample_weight: Any) -> Any:
        """See `StepProgram`."""
        with self.same_draws():
            with torch.enable_grad():
                linear = self.linearize(*self.to_tensors((x, y, sample_weight)))
            with torch.no_grad():
                return function(linear)

    def nonfinite_terms(self, linear: Linearized, wanted: torch.Tensor) -> torch.Tensor:
        """See `WritingProgram`."""
        pull: Any = linear.pull
        if bool(wanted):
            return torch.clamp(self.objective.replicas.total(pull.nonfinite_terms()), max=1)
        return torch.zeros(len(linear.losses), dtype=torch.int32, device=wanted.device)

    def when(self, condition: Any, action: Callable[[], Any], otherwise: Callable[[], Any] | None = None) -> None:
        """See `WritingProgram`."""
        if bool(condition):
            action()
        elif otherwise is not None:
            otherwise()

    def without_gradients(self) -> contextlib.AbstractContextManager[Any]:
        """See `WritingProgram`."""
        return torch.no_grad()

    def to_tensors(self, structure: Any) -> Any:
        """See `WritingProgram`: `train_on_batch` hands over NumPy arrays where `fit` hands over tensors."""

        def convert(leaf: Any) -> Any:
            return None if leaf is None else keras.ops.convert_to_tensor(leaf)

        return keras.tree.map_structure(convert, structure)

    def all_finite(self, gradients: Sequence[Any]) -> torch.Tensor:
        """As elsewhere; PyTorch sums a matrix as fast as it reads it."""
        if not gradients:
            return super().all_finite(gradients)
        return torch.isfinite(torch.stack([gradient.sum() for gradient in gradients]).sum())

    def logs(self, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """See `StepProgram`."""
        if sums_metrics(self.host):
            return StepProgram.logs(self, compute)
        with torch.no_grad():
            return super().logs(compute)

    def prepare(self) -> None:
        """Compiled graphs must allow a second backward pass over the same buffers; processes begin from one state."""
        if getattr(self.host, "jit_compile", False):
            torch._functorch.config.donated_buffer = False
        self.objective.replicas.broadcast([*self.host.variables, *self.host.optimizer.variables])

    @classmethod
    def random_state(cls) -> dict[str, np.ndarray]:
        """PyTorch's own generator, from which Keras's Dropout without a seed draws."""
        return {"torch_generator": torch.get_rng_state().numpy()}

    @classmethod
    def restore_random_state(cls, state: dict[str, np.ndarray]) -> None:
        """Sets PyTorch's own generator."""
        torch.set_rng_state(torch.from_numpy(np.array(state["torch_generator"], "uint8")))


def _source(value: torch.Tensor) -> torch.Tensor:
    """The tensor, by which gradients can be taken."""
    return value if value.requires_grad else value.requires_grad_()


def _detach(value: TermValue) -> TermValue:
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return TermValue(**{name: v.detach() if isinstance(v, torch.Tensor) else v for name, v in fields.items()})

"""The training step on PyTorch."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import torch
import torch._functorch.config

from ...terms import TermValue
from .._forward import CommonSteps, Linearized
from .._gradients import differentiate, reached
from .._taps import Recording, Tap, cut
from .torch_pullback import GraphPullback


class BackendSteps(CommonSteps):
    """`train_step` and `test_step` for PyTorch."""

    def make_train_function(self, force: bool = False) -> Any:
        """As Keras's; compiled graphs must allow a second backward pass over the same buffers."""
        if self.jit_compile:
            torch._functorch.config.donated_buffer = False
        return super().make_train_function(force)  # type: ignore[misc]

    def random_state(self) -> dict[str, np.ndarray]:
        """PyTorch's own generator, from which Keras's Dropout without a seed draws."""
        return {"torch_generator": torch.get_rng_state().numpy()}

    def restore_random_state(self, state: dict[str, np.ndarray]) -> None:
        """Sets PyTorch's own generator."""
        torch.set_rng_state(torch.from_numpy(np.array(state["torch_generator"], "uint8")))

    def all_finite(self, gradients: Sequence[Any]) -> torch.Tensor:
        """As elsewhere; PyTorch sums a matrix as fast as it reads it."""
        return torch.isfinite(torch.stack([gradient.sum() for gradient in gradients]).sum())

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step: nothing is written until the step is known to be finite."""
        x, y, sample_weight = _tensors(keras.utils.unpack_x_y_sample_weight(data))
        trainables = self.model.trainable_variables
        linear = self.linearize(x, y, sample_weight)
        scope, forward, losses, pull = linear.scope, linear.forward, linear.losses, linear.pull

        def find_guilty(wanted: torch.Tensor) -> torch.Tensor:
            return pull.blame() if bool(wanted) else torch.zeros(len(losses), dtype=torch.int32, device=wanted.device)

        def reach_around(taps: Sequence[Tap]) -> list[set[int]]:
            with self._same_draws():
                return self.linearize(x, y, sample_weight, around=taps).pull.reach()

        self.plan(linear, reach_around)
        seeds_of_step = self.seeds_of_step()
        with torch.no_grad(), scope:
            step = differentiate(
                self.objective,
                forward.values,
                losses,
                pull,
                self._sharing,
                len(trainables),
                self.optimizer.scale_loss,
            )
            gradients = [gradient for gradient in step.gradients if gradient is not None]
            verdict = self.verdict(losses, gradients, find_guilty)
            self.track(forward, step)

        with torch.no_grad():
            if bool(verdict.applies):
                if bool(verdict.moves):
                    for variable, value in linear.updates(self.variables + self.metrics_variables):
                        variable.assign(value)
                self.optimizer.apply(*reached(step.gradients, trainables))
                if self.objective.balancing.reads_after_update:
                    pairs = [*self.regularized_values(), *seeds_of_step]
                    self.state.write("", self.second_look(x, y, sample_weight, step.measured, pairs))
            elif verdict.note is not None:
                self.state.write("", verdict.note())
        return self.get_metrics_result()

    def linearize(self, x: Any, y: Any, sample_weight: Any, around: Sequence[Tap] = ()) -> Linearized:
        """The forward pass in training mode; nothing is written, and what it gives is detached.

        Args:
            x: inputs.
            y: targets.
            sample_weight: sample weights.
            around: layers through which no gradient shall reach their variables.
        """
        recording = Recording(() if around else self.taps())
        sources = [variable.value for variable in self.model.trainable_variables]
        scope = keras.StatelessScope(self.regularized_values(), collect_losses=True)
        mapped = dict(scope.state_mapping)
        with scope, recording.running(), cut(around):
            forward = self.run_forward(x, y, sample_weight, training=True)
            losses = [value.loss for value in forward.values]
        detached = dataclasses.replace(forward, values=[_detach(value) for value in forward.values])
        return Linearized(
            detached, [loss.detach() for loss in losses], GraphPullback(losses, sources, recording), scope, mapped
        )

    def on_one_batch(self, function: Callable[[Linearized], Any], x: Any, y: Any, sample_weight: Any) -> Any:
        """What a function of a linearised batch gives."""
        with self._same_draws():
            with torch.enable_grad():
                linear = self.linearize(*_tensors((x, y, sample_weight)))
            with torch.no_grad():
                return function(linear)

    @contextlib.contextmanager
    def _same_draws(self) -> Iterator[None]:
        """Leaves PyTorch's own generator as it was: a look at a batch must not change what later steps draw."""
        generator = self.random_state()
        try:
            yield
        finally:
            self.restore_random_state(generator)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One evaluation batch."""
        x, y, sample_weight = _tensors(keras.utils.unpack_x_y_sample_weight(data))
        self.evaluate_step(self.run_forward(x, y, sample_weight, training=False))
        return self.test_logs()


def _tensors(structure: Any) -> Any:
    # train_on_batch hands over NumPy arrays where fit hands over tensors.
    return keras.tree.map_structure(lambda leaf: None if leaf is None else keras.ops.convert_to_tensor(leaf), structure)


def _detach(value: TermValue) -> TermValue:
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return TermValue(**{name: v.detach() if isinstance(v, torch.Tensor) else v for name, v in fields.items()})

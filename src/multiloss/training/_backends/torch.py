"""The training step on PyTorch: one graph, walked once for each seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import torch
import torch._functorch.config

from ...terms import TermValue
from .._forward import CommonSteps
from .._gradients import differentiate, reached, single_seed


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
        sources = [variable.value for variable in trainables]
        scope = keras.StatelessScope(self.regularized_values(), collect_losses=True)
        mapped = dict(scope.state_mapping)
        with scope:
            forward = self.run_forward(x, y, sample_weight, training=True)
            losses = [value.loss for value in forward.values]
        connected = [index for index, loss in enumerate(losses) if loss.requires_grad]

        def pull(seeds: Sequence[Any], variables: Sequence[int], *, dense: bool = False) -> list[Any]:
            chosen = [sources[index] for index in variables]
            outputs = [index for index in connected if seeds[index] is not None]
            if not outputs or not chosen:
                return [None] * len(chosen)
            return list(
                torch.autograd.grad(
                    [losses[index] for index in outputs],
                    chosen,
                    [torch.as_tensor(seeds[index]).to(losses[index]) for index in outputs],
                    retain_graph=True,
                    allow_unused=True,
                )
            )

        everything = range(len(sources))

        def reach() -> list[set[int]]:
            pulled = [pull(single_seed(index, len(losses), 1.0), everything) for index in range(len(losses))]
            return [{index for index, g in enumerate(row) if g is not None} for row in pulled]

        def find_guilty(wanted: torch.Tensor) -> torch.Tensor:
            guilty = torch.zeros(len(losses), dtype=torch.int32, device=wanted.device)
            if bool(wanted):
                for index in range(len(losses)):
                    gradients = pull(single_seed(index, len(losses), 1.0), everything)
                    finite = all(bool(torch.isfinite(g).all()) for g in gradients if g is not None)
                    guilty[index] = int(not finite)
            return guilty

        self.report_unreached(reach)
        seeds_of_step = self.seeds_of_step()
        detached = [_detach(value) for value in forward.values]
        with torch.no_grad(), scope:
            forward = dataclasses.replace(forward, values=detached)
            step = differentiate(
                self.objective,
                detached,
                [loss.detach() for loss in losses],
                pull,
                lambda: self.sharing(reach),
                len(trainables),
                self.optimizer.scale_loss,
            )
            gradients = [gradient for gradient in step.gradients if gradient is not None]
            verdict = self.verdict([loss.detach() for loss in losses], gradients, find_guilty)
            self.track(forward, step)

        with torch.no_grad():
            if bool(verdict.applies):
                if bool(verdict.moves):
                    for variable in self.variables + self.metrics_variables:
                        value = scope.get_current_value(variable)
                        if value is not None and value is not mapped.get(id(variable)):
                            variable.assign(value)
                self.optimizer.apply(*reached(step.gradients, trainables))
                if self.objective.balancing.looks_again:
                    pairs = [*self.regularized_values(), *seeds_of_step]
                    self.state.write("", self.second_look(x, y, sample_weight, step.measured, pairs))
            elif verdict.note is not None:
                self.state.write("", verdict.note())
        return self.get_metrics_result()

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

"""Backward passes on PyTorch: one graph, walked once for each cotangent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ...rows import Activations, Cotangents, PassByPass, Versions, single_cotangent


class GraphPullback(PassByPass):
    """See `Pullback`.

    Args:
        losses: one scalar for each term, connected to the graph or not.
        versions: the trainable variables' values.
        activations: what the captured layers took in and gave out.
    """

    def __init__(self, losses: Sequence[torch.Tensor], versions: Versions, activations: Activations):
        self.losses = losses
        self.versions = versions
        self.activations = activations
        self.in_graph = [index for index, loss in enumerate(losses) if loss.requires_grad]

    def __call__(
        self, cotangents: Cotangents, variables: Sequence[int], calls: Sequence[int] = (), *, dense: bool = False
    ) -> list[Any]:
        """One backward pass; the losses without a cotangent are not walked."""
        chosen = [index for index in self.in_graph if cotangents[index] is not None]
        return self._pull(chosen, [_like(cotangents[index], self.losses[index]) for index in chosen], variables, calls)

    def _together(self, rows: Sequence[Cotangents], variables: Sequence[int], calls: Sequence[int]) -> list[Any]:
        """One vectorised pass; every row walks all losses, with zeros as cotangents."""
        columns = [
            torch.stack([_like(0.0 if row[index] is None else row[index], self.losses[index]) for row in rows])
            for index in self.in_graph
        ]
        return self._pull(self.in_graph, columns, variables, calls, is_grads_batched=True)

    def _pull(
        self,
        chosen: Sequence[int],
        cotangents: Sequence[Any],
        variables: Sequence[int],
        calls: Sequence[int],
        **how: bool,
    ) -> list[Any]:
        targets = self.versions.flat(variables) + [self.activations.outputs[place] for place in calls]
        # An output that no variable stands behind cannot be differentiated by.
        wanted = [target for target in targets if target.requires_grad]
        if not chosen or not wanted:
            return [None] * (len(variables) + len(calls))
        losses = [self.losses[index] for index in chosen]
        found = iter(torch.autograd.grad(losses, wanted, list(cotangents), retain_graph=True, allow_unused=True, **how))
        gradients = iter([next(found) if target.requires_grad else None for target in targets])
        return [*self.versions.summed(variables, gradients, torch.Tensor.to_dense), *gradients]

    def _single(self, term: int) -> list[Any]:
        return self(single_cotangent(term, len(self.losses), 1.0), range(len(self.versions)))

    def connected(self) -> list[set[int]]:
        """For every loss, the indices of the variables that it is connected to."""
        pulled = [self._single(term) for term in range(len(self.losses))]
        return [{index for index, g in enumerate(row) if g is not None} for row in pulled]

    def nonfinite_terms(self) -> torch.Tensor:
        """Marks the terms whose own gradient is not finite, shape `(T,)` int32."""
        nonfinite = torch.zeros(len(self.losses), dtype=torch.int32, device=self.losses[0].device)
        for term in range(len(self.losses)):
            finite = all(bool(torch.isfinite(g).all()) for g in self._single(term) if g is not None)
            nonfinite[term] = int(not finite)
        return nonfinite


def _like(cotangent: Any, loss: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(cotangent).to(loss)

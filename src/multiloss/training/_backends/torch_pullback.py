"""Backward passes on PyTorch: one graph, walked once for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .._gradients import single_seed


class GraphPullback:
    """Gradients of weighted sums of the losses.

    Args:
        losses: one scalar for each term, connected to the graph or not.
        sources: the trainable variables' values.
    """

    def __init__(self, losses: Sequence[torch.Tensor], sources: Sequence[torch.Tensor]):
        self.losses = losses
        self.sources = sources
        self.connected = [index for index, loss in enumerate(losses) if loss.requires_grad]

    def __call__(self, seeds: Sequence[Any], variables: Sequence[int], *, dense: bool = False) -> list[Any]:
        """See `Pullback`."""
        return self.pull(seeds, [self.sources[index] for index in variables])

    def pull(self, seeds: Sequence[Any], targets: Sequence[torch.Tensor]) -> list[Any]:
        """Gradients by any tensors of the forward pass, None where unreached."""
        outputs = [index for index in self.connected if seeds[index] is not None]
        if not outputs or not targets:
            return [None] * len(targets)
        return list(
            torch.autograd.grad(
                [self.losses[index] for index in outputs],
                targets,
                [torch.as_tensor(seeds[index]).to(self.losses[index]) for index in outputs],
                retain_graph=True,
                allow_unused=True,
            )
        )

    def _single(self, term: int) -> list[Any]:
        return self(single_seed(term, len(self.losses), 1.0), range(len(self.sources)))

    def reach(self) -> list[set[int]]:
        """For every loss, the indices of the variables that it reaches."""
        pulled = [self._single(term) for term in range(len(self.losses))]
        return [{index for index, g in enumerate(row) if g is not None} for row in pulled]

    def blame(self) -> torch.Tensor:
        """Marks the terms whose own gradient is not finite, shape `(T,)` int32."""
        guilty = torch.zeros(len(self.losses), dtype=torch.int32, device=self.losses[0].device)
        for term in range(len(self.losses)):
            finite = all(bool(torch.isfinite(g).all()) for g in self._single(term) if g is not None)
            guilty[term] = int(not finite)
        return guilty

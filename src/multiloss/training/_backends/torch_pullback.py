"""Backward passes on PyTorch: one graph, walked once for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .._pullback import Pullback, Seeds, single_seed
from .._taps import Recording


class GraphPullback(Pullback):
    """See `Pullback`.

    Args:
        losses: one scalar for each term, connected to the graph or not.
        sources: the trainable variables' values.
        recording: what the tapped layers took in and gave out.
    """

    def __init__(self, losses: Sequence[torch.Tensor], sources: Sequence[torch.Tensor], recording: Recording):
        self.losses = losses
        self.sources = sources
        self.recording = recording
        self.connected = [index for index, loss in enumerate(losses) if loss.requires_grad]

    def __call__(
        self, seeds: Seeds, variables: Sequence[int], records: Sequence[int] = (), *, dense: bool = False
    ) -> list[Any]:
        """One backward pass; the losses without a seed are not walked."""
        chosen = [index for index in self.connected if seeds[index] is not None]
        return self._pull(chosen, [_like(seeds[index], self.losses[index]) for index in chosen], variables, records)

    def _together(self, rows: Sequence[Seeds], variables: Sequence[int], records: Sequence[int]) -> list[Any]:
        """One vectorised pass; every row walks all losses, with zeros as seeds."""
        columns = [
            torch.stack([_like(0.0 if row[index] is None else row[index], self.losses[index]) for row in rows])
            for index in self.connected
        ]
        return self._pull(self.connected, columns, variables, records, is_grads_batched=True)

    def _pull(
        self, chosen: Sequence[int], seeds: Sequence[Any], variables: Sequence[int], records: Sequence[int], **how: bool
    ) -> list[Any]:
        targets = [self.sources[index] for index in variables]
        targets += [self.recording.outputs[place] for place in records]
        # An output that no variable stands behind cannot be differentiated by.
        wanted = [target for target in targets if target.requires_grad]
        if not chosen or not wanted:
            return [None] * len(targets)
        losses = [self.losses[index] for index in chosen]
        found = iter(torch.autograd.grad(losses, wanted, list(seeds), retain_graph=True, allow_unused=True, **how))
        return [next(found) if target.requires_grad else None for target in targets]

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


def _like(seed: Any, loss: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(seed).to(loss)

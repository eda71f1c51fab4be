"""A forward pass: the values of all terms, what can be pulled back, and what it would write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from ..._core.typing import Array
from ...terms import Batch, TermValue
from ..rows import CapturedLayer, Pullback


@dataclass(frozen=True)
class Forward:
    """One forward pass with the values of all terms.

    Attributes:
        y_pred: the model's outputs as it returned them; `Observed` when terms read inner layers.
        batch: what the terms read.
        values: the terms' values, connected to the graph.
    """

    y_pred: Any
    batch: Batch
    values: list[TermValue]


@dataclass(frozen=True)
class Linearized:
    """A forward pass in training mode that can be pulled back; nothing has been written.

    Attributes:
        forward: the forward pass.
        losses: one scalar for each term, detached where the backend tells the difference.
        pull: the backward passes.
        scope: holds what the pass would write.
        connected_around: for every term, the variables that it is connected to when no gradient passes through the
            given layers to their own variables.
    """

    forward: Forward
    losses: Sequence[Array]
    pull: Pullback
    scope: keras.StatelessScope
    connected_around: Callable[[Sequence[CapturedLayer]], list[set[int]]]

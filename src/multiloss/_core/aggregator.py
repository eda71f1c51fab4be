"""The base of balancers that read gradients."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from keras import ops

from .balancer import Balancer, Needs, Signals
from .errors import invalid
from .typing import Array

HEADS = ("unweighted", "weighted")

# A row shorter than this fraction of the longest carries no direction that float32 could tell from rounding.
ZERO_ROW = 1e-10


class Aggregator(Balancer):
    """A balancer that reads the Gramian of the terms' gradients over the shared variables.

    Args:
        wrt: what the Gramian is taken over: `"shared"` (all shared variables), `"last_shared"` (those of the last
            shared layer), or a pattern, matched by `re.fullmatch` on a layer's name or path.
        shared: a pattern of the layers whose variables are shared; None finds those that at least two balanced
            terms reach.
        heads: `"unweighted"` (default): private variables get the gradient of the user-weighted sum; `"weighted"`:
            that of the balanced sum.
        normalize: as for every `Balancer`.
    """

    needs: ClassVar[Needs] = Needs.GRAMIAN

    def __init__(
        self,
        wrt: str = "shared",
        shared: str | None = None,
        heads: str = "unweighted",
        normalize: str = "sum_to_k",
    ):
        super().__init__(normalize)
        if heads not in HEADS:
            raise invalid(f"`heads` must be one of {list(HEADS)}", received=heads)
        for name, value in (("wrt", wrt), ("shared", shared)):
            if not isinstance(value, str) and not (name == "shared" and value is None):
                raise invalid(f"`{name}` must be a string pattern", received=value)
        self.wrt = wrt
        self.shared = shared
        self.heads = heads

    def present(self, signals: Signals) -> Array:
        """Terms with a label and with a gradient: a row that is zero relative to the others counts as absent."""
        lengths = ops.sqrt(ops.clip(ops.diagonal(signals.gramian), 0.0, math.inf))
        lengths = ops.where(signals.present, lengths, ops.zeros_like(lengths))
        return ops.logical_and(signals.present, lengths > ZERO_ROW * ops.max(lengths))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this object again."""
        return {**super().get_config(), "wrt": self.wrt, "shared": self.shared, "heads": self.heads}

"""The base of balancers that read gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from keras import ops

from .balancer import Balancer, Needs, Settled, Signals
from .docstrings import describe_common_arguments
from .errors import invalid
from .typing import Presence

HEADS = ("unweighted", "weighted")
BACKWARD = ("auto", "loop", "batched")

# A row shorter than this fraction of the longest carries no direction that float32 could tell from rounding.
ZERO_ROW = 1e-10


class Aggregator(Balancer):
    """A balancer that reads the Gramian of the terms' gradients over the shared variables.

    Args:
        wrt: what the Gramian is taken over: `"shared"` (all shared variables), `"last_shared"` (those of the last
            shared layer), a pattern, matched by `re.fullmatch` on a layer's name or path, or
            `"representation:<pattern>"` (the outputs of the layers that it matches: K short backward passes through
            the heads and one long one; the shared layers beneath get the same weights, unmeasured).
        shared: a pattern of the layers whose variables are shared; None finds those that at least two balanced
            terms are connected to.
        heads: `"unweighted"` (default): private variables get the gradient of the user-weighted sum; `"weighted"`:
            that of the balanced sum.
        every: solve in every n-th step, and keep the weights in between: the K backward passes are paid once in n
            steps. A member with a memory then sees every n-th step alone.
        backward: how the K backward passes run: one after the other (`"loop"`), as one with the rows along a leading
            axis (`"batched"`, more memory, not for every operation), or `"auto"`: batched on JAX, where it also
            compiles faster, unless a CPU convolves; a loop elsewhere.
        groups: terms that are summed before they are balanced, as `[["dice", "focal"], ["label", "size"]]`; a group
            counts as one term and its terms share its weight. Terms that no group names stand for themselves.
        normalize: as for every `Balancer`; K is the number of groups.

    Raises:
        ValueError: for an argument outside its range.
    """

    needs: ClassVar[Needs] = Needs.GRAMIAN

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        describe_common_arguments(cls, Aggregator)

    def __init__(
        self,
        *,
        wrt: str = "shared",
        shared: str | None = None,
        heads: str = "unweighted",
        every: int = 1,
        groups: Sequence[Sequence[str]] | None = None,
        backward: str = "auto",
        normalize: str = "sum_to_k",
    ):
        super().__init__(normalize)
        if heads not in HEADS:
            raise invalid(f"`heads` must be one of {list(HEADS)}", received=heads)
        if backward not in BACKWARD:
            raise invalid(f"`backward` must be one of {list(BACKWARD)}", received=backward)
        for name, value in (("wrt", wrt), ("shared", shared)):
            if not isinstance(value, str) and not (name == "shared" and value is None):
                raise invalid(f"`{name}` must be a string pattern", received=value)
            if isinstance(value, str) and not value.rpartition(":")[2].strip():
                raise invalid(
                    f"`{name}` must match something", received=value, fix="Write a layer's name, or leave it out."
                )
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise invalid("`every` must be an integer, at least 1", received=every)
        if groups is not None and not (_is_list(groups) and all(_is_list(group) and group for group in groups)):
            raise invalid("`groups` must be a list of lists of terms, as [['dice', 'focal']]", received=groups)
        self.backward = backward
        self.every = every
        self.groups = None if groups is None else [list(group) for group in groups]
        self.wrt = wrt
        self.shared = shared
        self.heads = heads

    def present(self, signals: Signals) -> Presence:
        """Terms with a label and with a gradient: a row that is zero relative to the others counts as absent."""
        if isinstance(signals, Settled):
            return signals.present
        read = signals.norms if signals.gramian is None else ops.diagonal(signals.gramian)
        read = ops.convert_to_tensor(read)
        read = ops.where(signals.present, read, ops.zeros_like(read))
        return read > ops.max(read) * (ZERO_ROW if signals.gramian is None else ZERO_ROW**2)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)

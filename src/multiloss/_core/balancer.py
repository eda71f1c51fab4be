"""The interface of a balancer: it reads the terms, or their gradients, and returns one weight for each."""

from __future__ import annotations

import abc
import enum
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from .configured import Configured
from .contract import checked
from .errors import invalid
from .normalization import NORMALIZATIONS, normalize_weights
from .typing import Array, Gramian, Lengths, LossVector, Presence, State, Weights


class Needs(enum.Enum):
    """What a balancer reads; training computes this and no more."""

    LOSSES = "losses"
    NORMS = "norms"
    GRAMIAN = "gramian"


@dataclass(frozen=True)
class Signals:
    """What a balancer may read in one step. K is the number of balanced terms.

    Attributes:
        losses: shape `(K,)`, float32 or better: scaled losses, without the user's weights; 0 where absent.
        present: shape `(K,)`, bool: the term has a label in this batch, and a user's weight other than 0.
        norms: shape `(K,)`: gradient norms of the user-weighted, scaled terms; for `Needs.NORMS` and above.
        gramian: shape `(K, K)`: their inner products over the shared variables; for `Needs.GRAMIAN`.
        step: scalar int, counts the steps that were applied, from 0.
        epoch: scalar int, from 0, set by `fit`.
        noise: uniform numbers in [0, 1) of the shape that `Balancer.noise_shape` asks for.
        monitored: the last known values of the logs that `Balancer.monitors` names, NaN before they are known.
    """

    losses: LossVector
    present: Presence
    _: KW_ONLY
    norms: Lengths | None = None
    gramian: Gramian | None = None
    step: Array = 0
    epoch: Array = 0
    noise: Array | None = None
    monitored: Array | None = None


class Settled(Signals):
    """Signals in which `present` already says what the balancer's `present` makes of it."""


class Balancer(Configured, abc.ABC):
    """Reads the terms of a step and returns K weights.

    A member implements `raw_weights`, a pure function of arrays in `keras.ops` that can be compiled: no Python
    branch on a value, no attribute that changes. What it remembers is in `state`, a flat dict of arrays that `init`
    makes and `weights` returns anew, so that the same object serves `fit` and a loop written by hand.

    Args:
        normalize: `"sum_to_k"` (default) scales the weights so that their absolute values sum to the number of terms
            present: equal weights are then the same training as no balancer, and learning rates carry over.
            `"none"` gives the published form.
    """

    family: ClassVar[str] = "balancer"
    needs: ClassVar[Needs]

    def __init__(self, normalize: str = "sum_to_k"):
        if normalize not in NORMALIZATIONS:
            raise invalid(f"`normalize` must be one of {list(NORMALIZATIONS)}", received=normalize)
        self.normalize = normalize

    def init(self, num_terms: int) -> State:
        """The state before the first step, as NumPy arrays; `{}` when the member remembers nothing."""
        return {}

    def noise_shape(self, num_terms: int) -> tuple[int, ...] | None:
        """The shape of the uniform noise that a randomised member reads as `signals.noise`; None for the others."""
        return None

    def monitors(self, num_terms: int) -> tuple[str, ...]:
        """The names of the epoch logs that the member reads as `signals.monitored`, such as `"val_label_accuracy"`."""
        return ()

    @property
    def reads_after_update(self) -> bool:
        """Whether the member wants to see the losses of the same batch after the update: one more forward pass."""
        return False

    def after_update(self, signals: Signals, state: State) -> State:
        """The state after the update: `signals.losses` are those of the same batch at the updated weights."""
        return state

    @property
    def unwrapped(self) -> Balancer:
        """The member that decides what is read: the object itself, but for one that wraps another."""
        return self

    @abc.abstractmethod
    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The published weights, shape `(K,)`, before normalisation, and the next state.

        Entries of absent terms are ignored; their state must not move.
        """

    def weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The weights of this step and the next state.

        Absent terms get exactly 0, and a single present term exactly 1 under the default `normalize`.
        """
        settled = Settled(**{**vars(signals), "present": self.present(signals)})
        raw, state = checked(self, self.raw_weights(settled, state), signals.present.shape[0], state)
        return normalize_weights(raw, settled.present, self.normalize), state

    def present(self, signals: Signals) -> Presence:
        """Which terms take part, shape `(K,)`, bool."""
        return signals.present

    def objective(self, signals: Signals, state: State) -> Array | None:
        """The member's own scalar objective where it differs from the weighted sum; None for the others."""
        return None

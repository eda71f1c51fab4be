"""Aggregators that keep the inner products which they were shown."""

from typing import ClassVar

import numpy as np
from keras import ops

from multiloss._core.aggregator import Aggregator
from multiloss._core.balancer import Needs


class Reveal(Aggregator):
    """Equal weights; keeps the Gramian that it was shown."""

    def init(self, num_terms):
        return {"gramian": np.zeros((num_terms, num_terms), "float32")}

    def raw_weights(self, signals, state):
        return ops.ones_like(signals.losses), {"gramian": signals.gramian}


class RevealNorms(Reveal):
    """The same for one that reads norms alone."""

    needs: ClassVar[Needs] = Needs.NORMS

    def init(self, num_terms):
        return {"gramian": np.zeros(num_terms, "float32")}

    def raw_weights(self, signals, state):
        return ops.ones_like(signals.losses), {"gramian": ops.square(signals.norms)}

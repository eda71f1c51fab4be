"""Histories of losses to try a balancer on: how K losses may move over the steps of a training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

History = np.ndarray


@dataclass(frozen=True)
class LossSample:
    """The losses of K terms over some steps.

    Attributes:
        name: the sampler's name.
        history: shape `(steps, K)`, float64, positive; the last row is where the question is asked.
    """

    name: str
    history: History


def sample_losses(num_terms: int, steps: int, *, seed: int = 0) -> Iterator[LossSample]:
    """One history of every sampler.

    Args:
        num_terms: K.
        steps: how many steps.
        seed: of the random numbers.

    Example:
        >>> from multiloss.testing import sample_losses
        >>> [sample.name for sample in sample_losses(3, steps=4)]
        ['wandering', 'falling', 'parting', 'levels', 'steady']
    """
    for name, sampler in SAMPLERS.items():
        rng = np.random.default_rng([seed, num_terms, len(name)])
        yield LossSample(name, sampler(rng, steps, num_terms))


def wandering(rng: np.random.Generator, steps: int, k: int) -> History:
    """About one, each step anew."""
    return 10.0 ** rng.uniform(-0.5, 0.5, size=(steps, k))


def falling(rng: np.random.Generator, steps: int, k: int) -> History:
    """All fall, each at its own rate."""
    return 10.0 ** rng.uniform(-1.0, 1.0, size=k) * rng.uniform(0.5, 0.95, size=k) ** np.arange(steps)[:, None]


def parting(rng: np.random.Generator, steps: int, k: int) -> History:
    """The first rises while the others fall, with some noise."""
    rates = np.where(np.arange(k) == 0, 1.2, 0.8) ** np.arange(steps)[:, None]
    return rates * rng.uniform(0.9, 1.1, size=(steps, k))


def levels(rng: np.random.Generator, steps: int, k: int) -> History:
    """Four decades between the largest and the smallest, with some noise."""
    return 10.0 ** np.linspace(-2.0, 2.0, k)[rng.permutation(k)] * rng.uniform(0.8, 1.2, size=(steps, k))


def steady(rng: np.random.Generator, steps: int, k: int) -> History:
    """Different from term to term, the same in all steps."""
    return np.broadcast_to(10.0 ** rng.uniform(-1.0, 1.0, size=k), (steps, k)).copy()


SAMPLERS: dict[str, Callable[[np.random.Generator, int, int], History]] = {
    sampler.__name__: sampler for sampler in (wandering, falling, parting, levels, steady)
}

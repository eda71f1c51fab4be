"""Gradients over many steps, for the references of balancers that read them and remember."""

from __future__ import annotations

import numpy as np


def random_norms(seed: int, steps: int, num_terms: int) -> np.ndarray:
    """Norms of different size that wander, as float64 numbers that float32 can hold; shape `(steps, K)`."""
    rng = np.random.default_rng([seed, 1])
    sizes = 10.0 ** rng.uniform(-1, 1, size=num_terms)
    return (sizes * rng.uniform(0.5, 1.5, size=(steps, num_terms))).astype("float32").astype(float)


def random_rows(seed: int, steps: int, num_terms: int, common: float = 0.6) -> np.ndarray:
    """Gradients with a common part that comes and goes, shape `(steps, K, P)`: alike at first, later in conflict."""
    rng = np.random.default_rng([seed, 2])
    own = rng.normal(size=(steps, num_terms, 2 * num_terms + 1))
    shared = rng.normal(size=2 * num_terms + 1)
    swing = common * np.cos(np.arange(steps) / 5.0)[:, None, None]
    lengths = 10.0 ** rng.uniform(-0.5, 0.5, size=(1, num_terms, 1))
    return lengths * (own + swing * shared * np.sqrt(num_terms))

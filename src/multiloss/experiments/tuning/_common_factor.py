"""Weights that differ by a common factor: one point, for an optimizer that does not see the factor."""

from __future__ import annotations

import math
from collections.abc import Mapping

import keras

# They divide by the gradients' own size, or take their signs: a factor of the whole loss falls out, but for epsilon.
_SCALE_FREE = (
    keras.optimizers.Adagrad,
    keras.optimizers.Adam,
    keras.optimizers.Adamax,
    keras.optimizers.Lion,
    keras.optimizers.Nadam,
    keras.optimizers.RMSprop,
)
_ROUNDING = 1e-6


def one_point(weights: Mapping[str, float], others: Mapping[str, float], optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether two choices of weights are the same training: equal up to a factor that the optimizer does not see.

    Args:
        weights: positive, by term.
        others: of the same terms.
        optimizer: one that clips by a length sees the factor, and so does any that is not known not to.
    """
    clips = (getattr(optimizer, name, None) is not None for name in ("clipnorm", "clipvalue", "global_clipnorm"))
    if not weights or set(weights) != set(others):
        return False
    factors = [weights[term] / others[term] for term in weights]
    if not math.isclose(min(factors), max(factors), rel_tol=_ROUNDING):
        return False
    blind = isinstance(optimizer, _SCALE_FREE) and not any(clips)
    return blind or math.isclose(factors[0], 1.0, rel_tol=_ROUNDING)

"""Names for the arrays that move between the layers; all are backend tensors or NumPy arrays."""

from __future__ import annotations

from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A tensor of the active Keras backend, or a NumPy array."""

LossVector: TypeAlias = Any
"""Shape `(K,)`: one loss for each balanced term, in the losses' own units over their scales."""

Gramian: TypeAlias = Any
"""Shape `(K, K)`: inner products of the terms' gradients, symmetric positive semi-definite."""

Jacobian: TypeAlias = Any
"""Shape `(K, P)`: one gradient a row."""

Weights: TypeAlias = Any
"""Shape `(K,)`: dimensionless factors, one for each balanced term."""

State: TypeAlias = dict[str, Any]
"""A flat dict of arrays: everything that a member remembers from one step to the next."""

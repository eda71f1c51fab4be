"""Names for the arrays that move between the layers; all are backend tensors or NumPy arrays.

A shape stands beside its name, where the tests read it: they check it in every call (`tests/shapes.py`). Within one
call, K is one number.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

Array: TypeAlias = Any
"""A tensor of the active Keras backend, or a NumPy array."""

LossVector: TypeAlias = Annotated[Any, "K"]
"""Shape `(K,)`: one loss for each balanced term, in the losses' own units over their scales."""

Lengths: TypeAlias = Annotated[Any, "K"]
"""Shape `(K,)`: the lengths of the terms' gradients."""

Presence: TypeAlias = Annotated[Any, "K"]
"""Shape `(K,)`, bool: which terms take part in a step."""

Gramian: TypeAlias = Annotated[Any, "K K"]
"""Shape `(K, K)`: inner products of the terms' gradients, symmetric positive semi-definite."""

Jacobian: TypeAlias = Annotated[Any, "K P"]
"""Shape `(K, P)`: one gradient a row."""

Weights: TypeAlias = Annotated[Any, "K"]
"""Shape `(K,)`: dimensionless factors, one for each balanced term."""

State: TypeAlias = dict[str, Any]
"""A flat dict of arrays: everything that a member remembers from one step to the next."""

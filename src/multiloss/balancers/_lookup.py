"""From a name or a config to a balancer, and back."""

from __future__ import annotations

from typing import Any

import keras

from .._core import registry
from .._core.balancer import Balancer
from .._core.registry import resolve


def get(identifier: Any) -> Balancer | None:
    """Turns a name, a serialised config or an object into a balancer; None stays None.

    Args:
        identifier: such as `"pcgrad"`, `"uw"` or `"PCGrad"`.

    Raises:
        ValueError: for a name that nobody knows, or an object of another kind.

    Example:
        >>> import multiloss as ml
        >>> ml.balancers.get("uw")
        Uncertainty()
    """
    return None if identifier is None else resolve("balancer", identifier, Balancer)


def serialize(balancer: Balancer) -> dict[str, Any]:
    """The balancer as plain data, which `deserialize` reads."""
    return keras.saving.serialize_keras_object(balancer)


def deserialize(config: dict[str, Any]) -> Balancer:
    """The balancer that `serialize` wrote."""
    return resolve("balancer", config, Balancer)


def names() -> list[str]:
    """The names of all balancers, those that `ml.register` added among them."""
    return registry.names("balancer")

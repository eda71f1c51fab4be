"""What a balancer of the user's own owes, checked where it is called: names and shapes alone, at no cost."""

from __future__ import annotations

from typing import Any

from .errors import invalid


def check_form(balancer: Any) -> None:
    """Raises for a balancer that lacks what is read before the first step."""
    name = type(balancer).__name__
    if not hasattr(balancer, "needs"):
        raise invalid(
            f"The balancer {name} must say what it reads",
            received="no class attribute `needs`",
            fix="Write, say, `needs = ml.Needs.LOSSES` in its class.",
        )
    if not hasattr(balancer, "normalize"):
        raise invalid(
            f"The balancer {name} must call the __init__ of its base",
            received="no attribute `normalize`",
            fix="Begin its __init__ with super().__init__().",
        )


def as_state(balancer: Any, given: Any) -> dict[str, Any]:
    """The state that `init` gave."""
    if not isinstance(given, dict):
        raise invalid(
            f"`init` of the balancer {type(balancer).__name__} must return a dict of arrays",
            received=type(given).__name__,
        )
    return given


def checked(balancer: Any, given: Any, num_terms: int, before: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The weights and the next state that `raw_weights` gave.

    Args:
        balancer: the object.
        given: what it returned.
        num_terms: the number of weights.
        before: the state that it got.

    Raises:
        ValueError: for anything else than weights of shape `(K,)` and a state like the one before.
    """
    name = type(balancer).__name__
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[1], dict):
        received = f"a tuple of {len(given)}" if isinstance(given, tuple) else type(given).__name__
        raise invalid(f"`raw_weights` of the balancer {name} must return the weights and the state", received=received)
    weights, after = given
    shape = getattr(weights, "shape", None)
    if shape is None or tuple(shape) != (num_terms,):
        raise invalid(
            f"`raw_weights` of the balancer {name} must return one weight for each of the {num_terms} terms",
            received=type(weights).__name__ if shape is None else f"shape {tuple(shape)}",
        )
    shapes, wanted = ({key: tuple(getattr(v, "shape", ())) for key, v in each.items()} for each in (after, before))
    if shapes != wanted:
        raise invalid(
            f"`raw_weights` of the balancer {name} must return a state like that of `init`: {wanted}",
            received=str(shapes),
        )
    return weights, after

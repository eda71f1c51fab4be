"""Reads `loss=` and `loss_weights=` into an ordered dict of named descriptions and their weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import keras

from ..._core.errors import invalid, unknown_name
from ..._core.schedule import Schedule
from ..._core.whole_characters import check_whole
from ...masks import LARGEST_WEIGHT
from ...terms import Description, Term

REGULARIZATION = "regularization"


@dataclass
class Specified:
    """One term as the user wrote it: its description, the constant part of its weight, its schedules."""

    description: Description
    weight: float = 1.0
    schedules: list[Schedule] = field(default_factory=list)


def specify(loss: Any, outputs: Sequence[str] | None, listed: Sequence[str] | None = None) -> dict[str, Specified]:
    """Every term by name, in the order in which it was written.

    Args:
        loss: as for `ml.compile`.
        outputs: the model's output names; None while they are not known.
        listed: the same in the order of a list; None for the same order.

    Raises:
        ValueError: for names that are unknown or taken, and for forms that Keras would misread in silence.
    """
    terms: dict[str, Specified] = {}
    for key, name, value in _flat(_by_key(loss, outputs, listed or outputs), "loss"):
        if value is not None:
            output = name if name in (outputs or ()) else key  # of nested outputs, or of several losses of one output
            terms[name] = Specified(_description(value, name).bound(output, outputs))
    if REGULARIZATION in terms:
        raise invalid(
            f"{REGULARIZATION!r} names the term of the model's own regularisers and add_loss values",
            received=f"a term of the same name in `loss`, {sorted(terms)}",
            fix="Choose another name.",
        )
    if not terms:
        raise invalid("`loss` must name at least one term", received=loss)
    return terms


def _flat(nested: Mapping[Any, Any], argument: str) -> Iterator[tuple[str, str, Any]]:
    """Every entry with its key and its name, which is `key/child` within a dict; a name that comes twice raises."""
    seen: set[str] = set()
    for key, value in nested.items():
        within = isinstance(value, Mapping) and not _is_config(value)
        if within and not value:
            raise invalid(f"{key!r} must have at least one entry", received=value, fix="Leave it out, or write None.")
        for child, entry in value.items() if within else [(None, value)]:
            if not all(isinstance(part, str) and part for part in ((key, child) if within else (key,))):
                raise invalid(f"The keys of `{argument}` must be names", received=child if within and key else key)
            name = f"{key}/{child}" if within else key
            if name in seen:
                raise invalid(
                    f"Each entry of `{argument}` must have a name of its own",
                    received=f"{name!r} twice, as a key and within a dict",
                    fix="Choose another name.",
                )
            check_whole(f"A name in `{argument}`", name)
            seen.add(name)
            yield key, name, entry


def _by_key(loss: Any, outputs: Sequence[str] | None, listed: Sequence[str] | None) -> dict[str, Any]:
    if isinstance(loss, Mapping) and not _is_config(loss):
        return dict(loss)
    if isinstance(loss, list | tuple):
        names = listed or [f"output_{index}" for index in range(len(loss))]
        if len(names) == 1 and len(loss) > 1:
            raise invalid(
                f"One output takes several losses as a dict of named losses, as in "
                f"loss={{{names[0]!r}: {{{_named(loss)}}}}}",
                received=f"a list of {len(loss)} losses",
                fix="(Keras would train only the first.)",
            )
        if len(names) != len(loss):
            raise invalid(f"`loss` must have one entry for each output {list(names)}", received=f"{len(loss)} entries")
        return dict(zip(names, loss, strict=True))
    if outputs is not None and len(outputs) > 1:
        raise invalid(
            f"A model with the outputs {list(outputs)} needs `loss` as a dict by name, or a list",
            received=loss,
            fix=f"Write loss={{{', '.join(f'{name!r}: ...' for name in outputs)}}}.",
        )
    return {outputs[0] if outputs else "output_0": loss}


def _is_config(value: Mapping[Any, Any]) -> bool:
    """Whether a dict is one loss as Keras serialises it, and not losses by name; an output may be called anything."""
    return isinstance(value.get("class_name"), str) and "config" in value


def _named(losses: Sequence[Any]) -> str:
    return ", ".join(f"{getattr(loss, 'name', loss)!r}: {loss!r}" for loss in losses)


def _description(value: Any, name: str) -> Description:
    if isinstance(value, list | tuple):
        raise invalid(
            f"Term {name!r} takes several losses as a dict of named losses, as in {{{name!r}: {{{_named(value)}}}}}",
            received=f"a list of {len(value)} losses",
            fix="(Keras would log only one of them.)",
        )
    return value if isinstance(value, Description) else Term(value)


def apply_weights(terms: dict[str, Specified], loss_weights: Any, outputs: Sequence[str] | None) -> None:
    """Multiplies the user's weights into the terms; a weight on a parent key multiplies its children."""
    for key, value in _flat_weights(loss_weights, terms, outputs).items():
        matched = _matched(key, terms)
        if not matched:
            parents = dict.fromkeys(name.split("/")[0] for name in terms if "/" in name)
            raise unknown_name("term in `loss_weights`", key, [*terms, *parents])
        for name in matched:
            if isinstance(value, Schedule):
                terms[name].schedules.append(value)
            else:
                terms[name].weight *= check_weight(key, value)


def _matched(key: str, terms: Mapping[str, Specified]) -> list[str]:
    """The term of that name, and all under that key."""
    return [name for name in terms if name == key or name.startswith(f"{key}/")]


def check_weight(name: str, value: Any) -> float:
    """The weight as a float; raises for anything that is no finite number."""
    if isinstance(value, keras.Variable):
        raise invalid(
            f"The weight of {name!r} must be a number or a schedule",
            received="a keras.Variable, whose changes JAX would not see",
            fix=f"Pass a number, and change it with trainer.terms[{name!r}].weight.assign(...).",
        )
    given: Any = value
    if not isinstance(value, Real) or isinstance(value, bool) or not abs(given) < math.inf:
        raise invalid(f"The weight of {name!r} must be a finite number or a schedule", received=value)
    if abs(given) > LARGEST_WEIGHT:
        raise invalid(f"The weight of {name!r} must be at most {LARGEST_WEIGHT:g}", received=f"{given:.3g}")
    return float(value)


def _flat_weights(loss_weights: Any, terms: dict[str, Specified], outputs: Sequence[str] | None) -> dict[str, Any]:
    if loss_weights is None:
        return {}
    if isinstance(loss_weights, Mapping):
        return {name: value for _, name, value in _flat(loss_weights, "loss_weights")}
    if isinstance(loss_weights, list | tuple):
        names = list(outputs or [name for name in terms if name != REGULARIZATION])
        if len(loss_weights) != len(names):
            raise invalid(f"`loss_weights` must have one entry for each of {names}", received=loss_weights)
        weights = zip(names, loss_weights, strict=True)
        # As in Keras, an output without a loss has a place in the list all the same.
        return {name: weight for name, weight in weights if _matched(name, terms)}
    if len(terms) == 1:
        return {next(iter(terms)): loss_weights}
    raise invalid("`loss_weights` must be a dict by term", received=loss_weights)

"""Sample weights by name: each of them has an effect, or is refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..._core.errors import invalid, unknown_name
from ...terms import Constraint, Description, Joint, Term

ALL = ""
"""The key of one array of weights for all outputs."""


class WeightReaders(NamedTuple):
    """Who reads sample weights.

    Attributes:
        terms: output and target by the name of each term on one output.
        others: whether a `Joint` asks for the weights, or metrics are weighted by them.
    """

    terms: Mapping[str, tuple[str, str]]
    others: bool


def weight_readers(descriptions: Mapping[str, Description | None], weighted_metrics: bool) -> WeightReaders:
    """Those among all terms.

    Args:
        descriptions: of the bound terms, by name.
        weighted_metrics: whether metrics are weighted.
    """
    inner = {name: each.inner if isinstance(each, Constraint) else each for name, each in descriptions.items()}
    terms = {name: (str(each.output), str(each.target)) for name, each in inner.items() if isinstance(each, Term)}
    joint = any(isinstance(each, Joint) and "sample_weight" in each.arguments for each in inner.values())
    return WeightReaders(terms, joint or weighted_metrics)


def weights_for_all(weight: Any, readers: WeightReaders) -> dict[str, Any]:
    """One array for all outputs."""
    if not readers.terms and not readers.others:
        raise invalid(
            "`sample_weight` must be read by a term",
            received="terms of which none reads it",
            fix="Let the function of an ml.Joint ask for `sample_weight`.",
        )
    return {ALL: weight}


def weights_by_key(
    named: Mapping[str, Any], outputs: Sequence[str], targets: Sequence[str], readers: WeightReaders
) -> dict[str, Any]:
    """The weights of all outputs and terms, from those that the user names by term, by output or by target.

    The name of a term goes before that of its output, and that before the name of its target.

    Args:
        named: weights by the user's keys.
        outputs: the outputs' names.
        targets: the keys of `y`.
        readers: who reads them.

    Returns:
        The given weights, with an entry for each output that has weights, which are those of its first term unless
        they are named, and one for each term: None for a term without weights.
    """
    known = [*outputs, *targets, *readers.terms, *(target for _, target in readers.terms.values())]
    for key in named:
        if key not in known:
            raise unknown_name(
                "key of `sample_weight`,",
                key,
                dict.fromkeys(known),
                "It may be the name of an output, a target or a term.",
            )
    given = {term: _key_of(term, *reads, named, outputs) for term, reads in readers.terms.items()}
    used = {*outputs, *given.values()}
    idle = [key for key in named if key not in used]
    # Keras wants weights in the structure of `y`, so that a complete one may hold some for what no loss reads.
    if idle and not readers.others and not set(named) >= set(targets):
        raise invalid(
            f"`sample_weight` must name an output, a target or a term that it weighs; {idle[0]!r} weighs none",
            received=f"the keys {list(named)}",
            fix="For a weight of one term, name the term, or put it into `y` and write ml.Term(sample_weight=...).",
        )
    found: dict[str, Any] = dict(named)
    of_terms = {term: None if key is None else named[key] for term, key in given.items()}
    for term, weight in of_terms.items():
        if weight is not None:
            found.setdefault(readers.terms[term][0], weight)
    return {**found, **of_terms}


def _key_of(term: str, output: str, target: str, named: Mapping[str, Any], outputs: Sequence[str]) -> str | None:
    """Under which key a term's weights are; a target that is called like an output is weighted as that output."""
    keys = [term, output] if target in outputs else [term, output, target]
    return next((key for key in keys if key in named), None)

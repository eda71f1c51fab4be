"""The page of a diagnosis."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .._core.wording import ABSENT, number
from ..diagnostics import SIGNS, WORST_CONDITION, Diagnosis
from ._page import render
from ._pictures import Picture

# The classes of report.css that colour a sign.
_CLASSES = {"error": "failed", "warning": "worse", "hint": "hint", "fine": "better"}


def render_diagnosis(diagnosis: Diagnosis, pictures: Sequence[Picture]) -> str:
    """Fills the template."""
    return render(
        "diagnosis.html.j2",
        diagnosis=diagnosis,
        pictures=pictures,
        signs=SIGNS,
        classes=_CLASSES,
        layers=_layers(diagnosis),
        condition={name: _condition(value) for name, value in diagnosis.condition.items()},
        key=lambda value: value if math.isfinite(value) else "",
        targets=any(term.targets for term in diagnosis.terms),
    )


def _layers(diagnosis: Diagnosis) -> list[tuple[str, list[str], bool]]:
    """Every layer with the terms connected to it, and whether it is shared; in the model's order."""
    found: dict[str, list[str]] = {}
    for term in diagnosis.terms:
        for layer in term.layers:
            found.setdefault(layer, []).append(term.name)
    return [(layer, terms, layer in diagnosis.shared) for layer, terms in found.items()]


def _condition(value: float) -> str:
    if not math.isfinite(value):
        return ABSENT
    return number(value) if value < WORST_CONDITION else f"at least {number(WORST_CONDITION)}"

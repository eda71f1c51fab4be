"""A diagnosis as plain text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .._core.wording import ABSENT, aligned, counted, listed, number, percent

if TYPE_CHECKING:
    from ._diagnosis import Diagnosis

SIGNS = {"error": "✕", "warning": "!", "hint": "·", "fine": "✓"}


def headline(diagnosis: Diagnosis) -> str:
    """The outcome in one line."""
    counts = {severity: len(diagnosis.of(severity)) for severity in ("error", "warning", "hint")}
    said = [counted(count, severity) for severity, count in counts.items() if count]
    if counts["error"]:
        return f"Not ready to train: {listed(said)}."
    if counts["warning"]:
        return f"It will train, but look at this first: {listed(said)}."
    return f"Nothing stands in the way{f': {listed(said)}' if said else ''}."


def term_cells(diagnosis: Diagnosis) -> list[tuple[str, ...]]:
    """The table of terms: its head, then a row a term."""
    rows: list[tuple[str, ...]] = [
        ("term", "loss", "weight", "part of loss", "gradient", "part of gradient", "labelled")
    ]
    for term in diagnosis.terms:
        rows.append(
            (
                term.name,
                number(term.loss) + (f" ± {number(term.loss_spread)}" if math.isfinite(term.loss) else ""),
                number(term.weight),
                percent(term.contribution),
                number(term.gradient_norm),
                percent(term.gradient_share),
                percent(term.labelled),
            )
        )
    return rows


def cosine_cells(diagnosis: Diagnosis) -> list[tuple[str, ...]]:
    """The matrix of mean cosines with names at the top and on the left."""
    names = [term.name for term in diagnosis.terms]
    rows: list[tuple[str, ...]] = [("cosine", *names)]
    for name, cosines in zip(names, diagnosis.cosines, strict=True):
        rows.append((name, *[f"{cosine:+.2f}" if math.isfinite(cosine) else ABSENT for cosine in cosines]))
    return rows


def summary_text(diagnosis: Diagnosis) -> str:
    """Headline, findings, and the tables, for a terminal or a notebook."""
    lines = [f"{diagnosis.problem}: {diagnosis.headline}", ""]
    for finding in diagnosis.findings:
        lines.append(f"{SIGNS[finding.severity]} {finding.severity}: {finding.message}")
        if finding.remedy:
            lines.append(f"  -> {finding.remedy}")
    lines += ["", *aligned(term_cells(diagnosis), numbers=True)]
    if len(diagnosis.terms) > 1:
        lines += ["", *aligned(cosine_cells(diagnosis), numbers=True)]
    return "\n".join(lines)

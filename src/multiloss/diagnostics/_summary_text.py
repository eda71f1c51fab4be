"""A diagnosis as plain text."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._core.wording import ABSENT, aligned, counted, listed, number, percent
from ._finding import Finding, of_severity
from ._term_report import TermReport

SIGNS = {"error": "✕", "warning": "!", "hint": "·", "fine": "✓"}


def headline(findings: Sequence[Finding]) -> str:
    """The outcome in one line."""
    counts = {severity: len(of_severity(findings, severity)) for severity in ("error", "warning", "hint")}
    said = [counted(count, severity) for severity, count in counts.items() if count]
    if counts["error"]:
        return f"Not ready to train: {listed(said)}."
    if counts["warning"]:
        return f"It will train, but look at this first: {listed(said)}."
    return f"Nothing stands in the way{f': {listed(said)}' if said else ''}."


def term_cells(terms: Sequence[TermReport]) -> list[tuple[str, ...]]:
    """The table of terms: its head, then a row a term."""
    rows: list[tuple[str, ...]] = [
        ("term", "loss", "weight", "part of loss", "gradient", "part of gradient", "labelled")
    ]
    for term in terms:
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


def cosine_cells(terms: Sequence[TermReport], matrix: np.ndarray) -> list[tuple[str, ...]]:
    """The matrix of mean cosines with names at the top and on the left."""
    names = [term.name for term in terms]
    rows: list[tuple[str, ...]] = [("cosine", *names)]
    for name, cosines in zip(names, matrix, strict=True):
        rows.append((name, *[f"{cosine:+.2f}" if math.isfinite(cosine) else ABSENT for cosine in cosines]))
    return rows


def summary_text(problem: str, findings: Sequence[Finding], terms: Sequence[TermReport], cosines: np.ndarray) -> str:
    """Headline, findings, and the tables, for a terminal or a notebook."""
    lines = [f"{problem}: {headline(findings)}", ""]
    for finding in findings:
        lines.append(f"{SIGNS[finding.severity]} {finding.severity}: {finding.message}")
        if finding.remedy:
            lines.append(f"  -> {finding.remedy}")
    lines += ["", *aligned(term_cells(terms), numbers=True)]
    if len(terms) > 1:
        lines += ["", *aligned(cosine_cells(terms, cosines), numbers=True)]
    return "\n".join(lines)

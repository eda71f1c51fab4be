"""A diagnosis as plain text."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ._finding import Finding, of_severity
from ._term_report import TermReport
from ._wording import number, percent

SIGNS = {"error": "✕", "warning": "!", "hint": "·", "fine": "✓"}


def headline(findings: Sequence[Finding]) -> str:
    """The outcome in one line."""
    counts = {severity: len(of_severity(findings, severity)) for severity in ("error", "warning", "hint")}
    said = [f"{count} {severity}{'s' if count > 1 else ''}" for severity, count in counts.items() if count]
    if counts["error"]:
        return f"Not ready to train: {_listed(said)}."
    if counts["warning"]:
        return f"It will train, but look at this first: {_listed(said)}."
    return f"Nothing stands in the way{f': {_listed(said)}' if said else ''}."


def term_cells(terms: Sequence[TermReport]) -> list[tuple[str, ...]]:
    """The table of terms: its head, then a row a term."""
    rows: list[tuple[str, ...]] = [
        ("term", "loss", "weight", "part of loss", "gradient", "part of gradient", "labelled")
    ]
    for term in terms:
        rows.append(
            (
                term.name,
                _number(term.loss) + (f" ± {_number(term.loss_spread)}" if math.isfinite(term.loss) else ""),
                _number(term.weight),
                percent(term.contribution),
                _number(term.gradient_norm),
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
        rows.append((name, *[f"{cosine:+.2f}" if math.isfinite(cosine) else "–" for cosine in cosines]))
    return rows


def summary_text(problem: str, findings: Sequence[Finding], terms: Sequence[TermReport], cosines: np.ndarray) -> str:
    """Headline, findings, and the tables, for a terminal or a notebook."""
    lines = [f"{problem}: {headline(findings)}", ""]
    for finding in findings:
        lines.append(f"{SIGNS[finding.severity]} {finding.severity}: {finding.message}")
        if finding.remedy:
            lines.append(f"  -> {finding.remedy}")
    lines += ["", *_aligned(term_cells(terms))]
    if len(terms) > 1:
        lines += ["", *_aligned(cosine_cells(terms, cosines))]
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *[c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]]).rstrip()
        for row in rows
    ]


def _number(value: float) -> str:
    return number(value) if math.isfinite(value) else "–"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

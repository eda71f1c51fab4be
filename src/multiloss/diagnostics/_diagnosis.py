"""The result of a diagnosis, and how it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._core.results import Rows, SavedResult
from .._core.strict_json import finite, plain
from ._finding import SEVERITIES, Finding, of_severity
from ._next_steps import next_steps
from ._summary_text import headline, summary_text
from ._term_report import TermReport


@dataclass(frozen=True, eq=False)
class Diagnosis(SavedResult):
    """What `diagnose` found; T terms. `print(diagnosis)` shows it.

    Attributes:
        problem: its name.
        terms: a report for each term.
        findings: the most severe first.
        cosines: `(T, T)`, the mean cosine of every two gradients at the shared layers; NaN where one has none.
        conflicts: `(T, T)`, the part of the batches in which that cosine is negative.
        similarities: `(T, T)`, gradient-magnitude similarity 2 a b / (a^2 + b^2) of the lengths a, b: 1 where equal.
        condition: condition numbers of the balanced terms' Gramian, the median over the batches: `"raw"` of the
            user-weighted, scaled gradients, `"normalised"` of their cosines; NaN below two terms.
        shared: the layers connected to at least two balanced terms; empty where there are none, and all layers count.
        settings: batches, samples, seed, backend, versions.
        description: what the problem is.
    """

    problem: str
    terms: tuple[TermReport, ...]
    findings: tuple[Finding, ...]
    cosines: np.ndarray
    conflicts: np.ndarray
    similarities: np.ndarray
    condition: Mapping[str, float]
    shared: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""

    @property
    def headline(self) -> str:
        """The outcome in one line."""
        return headline(self.findings)

    @property
    def next_steps(self) -> list[str]:
        """What to do next, most important first; code stands in backticks."""
        return next_steps(self.findings, len(self.terms) > 1 and bool(self.shared))

    def of(self, severity: str) -> tuple[Finding, ...]:
        """The findings of one severity: `"error"`, `"warning"`, `"hint"` or `"fine"`."""
        return of_severity(self.findings, severity)

    def __str__(self) -> str:
        return summary_text(self.problem, self.findings, self.terms, self.cosines)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as plain data that strict JSON can hold: what is not finite is None."""
        return plain(
            {
                "problem": self.problem,
                "description": self.description,
                "headline": self.headline,
                "findings": [finding.to_dict() for finding in self.findings],
                "counts": {severity: len(self.of(severity)) for severity in SEVERITIES},
                "terms": [term.to_dict() for term in self.terms],
                "cosines": self.cosines.tolist(),
                "conflicts": self.conflicts.tolist(),
                "similarities": self.similarities.tolist(),
                "condition": self.condition,
                "shared": self.shared,
                "next_steps": self.next_steps,
                "settings": self.settings,
            }
        )

    def tables(self) -> Mapping[str, Rows]:
        """`results.csv`: a line a term, the head first."""
        return {"results.csv": self._rows()}

    def _rows(self) -> Rows:
        names = [term.name for term in self.terms]
        columns = [key for key in self.terms[0].to_dict() if key not in ("targets", "layers")] if self.terms else []
        statistics = ("labels", "mean", "std", "min", "max")
        yield [*columns, *(f"target_{key}" for key in statistics), "layers", *(f"cosine_{name}" for name in names)]
        for term, cosines in zip(self.terms, self.cosines, strict=True):
            row = term.to_dict()
            yield [
                *(row[key] if isinstance(row[key], str | bool) else finite(row[key]) for key in columns),
                *(term.targets.get(key) for key in statistics),
                " ".join(term.layers),
                *(finite(cosine) for cosine in cosines),
            ]

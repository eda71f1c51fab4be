"""A finding in words, and the list of the checks that make them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ._evidence import Evidence

# In the order in which they are shown.
SEVERITIES = ("error", "warning", "hint", "fine")


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        severity: `"error"` (training will fail or teach nothing), `"warning"` (it will probably suffer), `"hint"`
            (worth knowing) or `"fine"`.
        name: the check's name, for scripts.
        terms: the terms that it concerns.
        message: what was found, with numbers; names and code stand in backticks.
        remedy: what to do about it; empty where there is nothing to do.
    """

    severity: str
    name: str
    terms: tuple[str, ...]
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}" + (f" {self.remedy}" if self.remedy else "")

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "severity": self.severity,
            "name": self.name,
            "terms": list(self.terms),
            "message": self.message,
            "remedy": self.remedy,
        }


# From so many on, one finding on as many terms is told once.
MANY = 3

Check = Callable[[Evidence], Iterable[Finding]]
_CHECKS: list[tuple[Check, bool]] = []


def check(*, gradients: bool = False) -> Callable[[Check], Check]:
    """Registers a check where it is written; `findings/__init__.py` names its file.

    Args:
        gradients: the check reads `evidence.measured`; it is left out where no batch could be evaluated.
    """

    def decorate(function: Check) -> Check:
        _CHECKS.append((function, gradients))
        return function

    return decorate


def find(evidence: Evidence) -> list[Finding]:
    """Everything that the checks find, the most severe first; in each severity in the order of the checks."""
    found = [
        finding
        for function, gradients in _CHECKS
        if evidence.measured is not None or not gradients
        for finding in _gathered(list(function(evidence)))
    ]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _gathered(found: list[Finding]) -> list[Finding]:
    """The same finding on many terms as one that speaks of the first and names the others."""
    result = []
    for name in dict.fromkeys((finding.name, finding.severity) for finding in found):
        same = [finding for finding in found if (finding.name, finding.severity) == name]
        if len(same) < MANY:
            result += same
            continue
        terms = tuple(dict.fromkeys(term for finding in same for term in finding.terms))
        others = [f"`{term}`" for term in terms if term not in same[0].terms]
        message = same[0].message + (f" It is the same with {', '.join(others)}." if others else "")
        result.append(dataclasses.replace(same[0], terms=terms, message=message))
    return result

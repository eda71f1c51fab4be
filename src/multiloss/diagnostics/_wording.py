"""Numbers, names and code in the findings' sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..scales import Constant
from ..terms import Term


def percent(part: float) -> str:
    """A part of 1 in per cent, finer near both ends so that 99.98 % does not read as 100 %."""
    if not math.isfinite(part):
        return "–"
    value = 100.0 * part
    if value in (0.0, 100.0):
        return f"{value:.0f} %"
    if value < 0.01:
        return "less than 0.01 %"
    if value > 99.99:
        return "more than 99.99 %"
    distance = min(value, 100.0 - value)
    return f"{value:.{0 if distance >= 10 else 1 if distance >= 0.1 else 2}f} %"


def number(value: float) -> str:
    """Three significant digits, without an exponent where people can do without."""
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.2e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def two_digits(value: float) -> float:
    """The value to two significant digits, to be typed."""
    return float(f"{value:.2g}")


def names(terms: Sequence[str]) -> str:
    """Terms as `a`, `b` and `c`."""
    quoted = [f"`{term}`" for term in terms]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def term_code(term: Term, **changes: str) -> str:
    """The term as Python, with some arguments changed: `ml.Term("mse", missing="nan", scale="initial")`.

    Args:
        term: the term; a loss that is no name is written as `...`.
        **changes: arguments and their code.
    """
    identifier = term.function.identifier
    arguments = {}
    for name in ("column", "missing", "mask", "class_weight", "sample_weight"):
        if (value := getattr(term, name)) is not None:
            arguments[name] = (
                quoted(value) if isinstance(value, str) else "..." if name == "class_weight" else f"{value!r}"
            )
    if not (isinstance(term.scale, Constant) and term.scale.value == 1.0):
        arguments["scale"] = "..."
    if not term.balanced:
        arguments["balanced"] = "False"
    shown = [quoted(identifier) if isinstance(identifier, str) else f"{term.function.name}"]
    shown += [f"{name}={code}" for name, code in {**arguments, **changes}.items()]
    return f"ml.Term({', '.join(shown)})"


def quoted(text: str) -> str:
    """A string as Python with double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

"""Numbers as people read them."""

from __future__ import annotations

import math
import re

from markupsafe import Markup, escape

from ..experiments import Estimate

ABSENT = "–"


def number(value: float | None, digits: int = 4) -> str:
    """A few significant digits, without an exponent where people can do without."""
    if value is None:
        return ABSENT
    if value != 0.0 and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits}g}".replace("-", "−")
    decimals = 0 if value == 0.0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(decimals, 6)}f}".replace("-", "−")


def percent(value: float | None) -> str:
    """A relative change with its sign."""
    return ABSENT if value is None else f"{100.0 * value:+.1f} %".replace("-", "−")


def milliseconds(seconds: float | None) -> str:
    """A short time."""
    return ABSENT if seconds is None else f"{number(1000.0 * seconds, 3)} ms"


def memory(size: float | None) -> str:
    """A number of bytes in a unit that keeps it short."""
    if size is None:
        return ABSENT
    for unit in ("B", "kB", "MB"):
        if abs(size) < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def chance(probability: float | None) -> str:
    """A p value; what is very small is not told apart."""
    if probability is None:
        return ABSENT
    return "< 0.001" if probability < 0.001 else f"{probability:.2g}" if probability < 0.1 else f"{probability:.2f}"


def blank(value: float | None) -> str:
    """The plain number, for sorting; nothing where it is absent."""
    return "" if value is None else repr(value)


def half_width(estimate: Estimate) -> float | None:
    """Half the length of the interval, as in mean +- half."""
    return None if estimate.interval is None else (estimate.interval[1] - estimate.interval[0]) / 2


def with_code(text: str) -> Markup:
    """Escaped text in which `...` is code, and an arXiv number leads to the paper."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"arXiv:(\d{4}\.\d{4,5})", r'<a href="https://arxiv.org/abs/\1">arXiv:\1</a>', marked))

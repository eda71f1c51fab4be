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
    return ABSENT if seconds is None else f"{number(1000.0 * seconds)} ms"


def half_width(estimate: Estimate) -> float | None:
    """Half the length of the interval, as in mean +- half."""
    return None if estimate.interval is None else (estimate.interval[1] - estimate.interval[0]) / 2


def with_code(text: str) -> Markup:
    """Escaped text in which `...` is code, and an arXiv number leads to the paper."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"arXiv:(\d{4}\.\d{4,5})", r'<a href="https://arxiv.org/abs/\1">arXiv:\1</a>', marked))

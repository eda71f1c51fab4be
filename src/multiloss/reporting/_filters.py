"""What the templates do with a value, beside the words of `_core.wording`."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from .._core.wording import ABSENT
from ..experiments import Estimate


def chance(probability: float | None) -> str:
    """A p value; what is very small is not distinguished."""
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


FILTERS = (blank, chance, half_width, with_code)

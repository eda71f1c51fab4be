"""Numbers, names and tables as people read them: in findings, reports, messages and on the screen.

The minus sign is a true one, so none of this is for code to paste; what is typed goes through `rounded`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

# In the place of a number that there is not.
ABSENT = "–"


def number(value: float | None, digits: int = 3) -> str:
    """A few significant digits without trailing zeros, for a sentence: 0.25, 12345, 1.2e−7."""
    mantissa, mark, exponent = significant(value, digits).partition("e")
    return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + mark + exponent


def significant(value: float | None, digits: int = 4) -> str:
    """Exactly so many significant digits, for a column: 0.2500; an exponent only where people need one."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        text = "∞" if value > 0 else "-∞"
    elif value != 0.0 and not 1e-4 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        decimals = 0 if value == 0.0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:.{decimals}f}"
    return _true_minus(text)


def rounded(value: float, digits: int = 2) -> float:
    """The value to a few significant digits, to be typed."""
    return float(f"{value:.{digits}g}")


def percent(part: float | None) -> str:
    """A part of 1 in per cent, finer near both ends so that 99.98 % does not read as 100 %."""
    if part is None or not math.isfinite(part):
        return ABSENT
    value = 100.0 * part
    if value in (0.0, 100.0):
        return f"{value:.0f} %"
    if value < 0.01:
        return "less than 0.01 %"
    if value > 99.99:
        return "more than 99.99 %"
    distance = min(value, 100.0 - value)
    return f"{value:.{0 if distance >= 10 else 1 if distance >= 0.1 else 2}f} %"


def signed_percent(change: float | None) -> str:
    """A relative change with its sign: +12.3 %."""
    return ABSENT if change is None or math.isnan(change) else _true_minus(f"{100.0 * change:+.1f} %")


def seconds(duration: float | None) -> str:
    """A time in seconds: 12.3 s."""
    return ABSENT if duration is None else f"{duration:.1f} s"


def milliseconds(duration: float | None) -> str:
    """A short time, which is given in seconds: 3.21 ms."""
    return ABSENT if duration is None else f"{significant(1000.0 * duration, 3)} ms"


def memory(size: float | None) -> str:
    """A number of bytes in a unit that keeps it short: 3.2 MB."""
    if size is None:
        return ABSENT
    for unit in ("B", "kB", "MB"):
        if abs(size) < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: 1 trial, 3 trials, 2 batches.

    Args:
        count: how many.
        noun: for one.
        plural: for another count than one; empty for the noun with an s.
    """
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def listed(parts: Iterable[str], last: str = "and") -> str:
    """Parts of a sentence: a, b and c."""
    *first, end = parts
    return f"{', '.join(first)} {last} {end}" if first else end


def a_few(parts: Iterable[str], noun: str, most: int = 5) -> str:
    """Not too many parts of a sentence: a, b, c, d and 3 more layers."""
    given = list(parts)
    return listed(given if len(given) <= most else [*given[: most - 1], f"{len(given) - most + 1} more {noun}"])


def names(given: Iterable[str]) -> str:
    """Names as `a`, `b` and `c`."""
    return listed(f"`{name}`" for name in given)


def quoted(text: str) -> str:
    """A string as Python with double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def aligned(rows: Sequence[Sequence[str]], *, numbers: bool = False) -> list[str]:
    """A table as lines of text.

    Args:
        rows: of as many cells each.
        numbers: whether all columns but the first hold numbers, which stand on the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if numbers and place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _true_minus(text: str) -> str:
    return text.replace("-", "−")

"""Student's t distribution, from SciPy."""

from __future__ import annotations

from typing import Any

from ..._core.optional import require


def t_distribution() -> Any:
    """`scipy.stats.t`, imported when it is needed.

    Raises:
        ImportError: without SciPy; the extra "compare" brings it.
    """
    return require("scipy.stats", extra="compare", purpose="comparing runs over several seeds").t


def t_quantile(confidence: float, degrees: int) -> float:
    """The t with `P(|T| <= t) = confidence`.

    Args:
        confidence: strictly between 0 and 1.
        degrees: degrees of freedom, at least 1.

    Example:
        >>> round(t_quantile(0.95, 2), 3)
        4.303
    """
    return float(t_distribution().ppf((1.0 + confidence) / 2.0, degrees))

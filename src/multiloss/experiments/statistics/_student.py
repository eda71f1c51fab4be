"""Student's t distribution for whole degrees of freedom, so that intervals need no SciPy."""

from __future__ import annotations

import math

from ..._core.errors import invalid

# Halving the bracket this often leaves less than float64 can tell apart.
_HALVINGS = 200


def central_probability(t: float, degrees: int) -> float:
    """P(|T| <= t) for Student's t with `degrees` degrees of freedom.

    With theta = atan(t / sqrt(degrees)), a finite sum of powers of cos(theta): Abramowitz and Stegun, *Handbook of
    Mathematical Functions*, 26.7.3 (odd degrees) and 26.7.4 (even degrees).

    Args:
        t: the bound, 0 or larger.
        degrees: degrees of freedom, a whole number of at least 1.

    Returns:
        A probability in [0, 1].

    Example:
        >>> round(central_probability(12.7062, 1), 6)
        0.95
    """
    theta = math.atan(t / math.sqrt(degrees))
    sine, cosine = math.sin(theta), math.cos(theta)
    odd = degrees % 2 == 1
    power = cosine if odd else 1.0
    total = 0.0 if degrees == 1 else power
    for order in range(3 if odd else 2, degrees - 1, 2):
        power *= (order - 1) / order * cosine**2
        total += power
    return 2.0 / math.pi * (theta + sine * total) if odd else sine * total


def t_quantile(confidence: float, degrees: int) -> float:
    """The t with P(|T| <= t) = confidence, found by bisection.

    Args:
        confidence: strictly between 0 and 1, as 0.95.
        degrees: degrees of freedom, a whole number of at least 1.

    Returns:
        The bound, a positive number.

    Raises:
        ValueError: when an argument is outside its range.

    Example:
        >>> round(t_quantile(0.95, 2), 3)
        4.303
    """
    if not 0.0 < confidence < 1.0:
        raise invalid("`confidence` must be strictly between 0 and 1", received=confidence)
    if degrees < 1:
        raise invalid("`degrees` must be at least 1", received=degrees)
    low, high = 0.0, math.pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if central_probability(math.sqrt(degrees) * math.tan(middle), degrees) < confidence:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees) * math.tan((low + high) / 2)

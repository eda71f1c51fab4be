"""Several comparisons at once: the more there are, the more of them look like something by chance."""

from __future__ import annotations

from collections.abc import Mapping


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Holm's step-down correction: with p sorted, adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j)).

    Where every adjusted value below 0.05 is called a difference, the chance of even one false call among all m is at
    most 5 %, however the comparisons depend on one another (here they share one baseline).

    Args:
        p_values: by label; None where there was no test, which does not count.

    Returns:
        The adjusted values by label.

    Paper: Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.

    Example:
        >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
        {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    known = sorted((p, label) for label, p in p_values.items() if p is not None)
    adjusted: dict[str, float | None] = dict.fromkeys(p_values)
    largest = 0.0
    for place, (p, label) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - place) * p))
        adjusted[label] = largest
    return adjusted

"""The table that says in words what every term does."""

from __future__ import annotations

from typing import Any

from ..._core.wording import aligned
from ._traffic import traffic

COLUMNS = ("term", "reads", "reduction", "scale", "weight", "balanced")


def explanation(trainer: Any) -> str:
    """A table of all terms, with the balancer in the last line."""
    rows: list[tuple[str, ...]] = [COLUMNS]
    for term in trainer.terms.values():
        reads, reduction = term.description.explain() if term.description else ("regularisers and add_loss", "sum")
        scale = "-" if term.scale is None else repr(term.scale)
        schedules = " x ".join(repr(schedule) for schedule in term.weight.schedules)
        weight = f"{term.weight.value:g}" + (f" (now, of {schedules})" if schedules else "")
        rows.append((term.name, reads, reduction, scale, weight, "yes" if term.balanced else "no"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    listed = trainer.program.names.listed or ()
    order = [f"lists are in the order of the outputs: {', '.join(listed)}"] if len(listed) > 1 else []
    balancer, sent = trainer.balancer, traffic(trainer)
    return "\n".join([*aligned(rows), *order, f"balancer: {balancer!r}, reads {balancer.needs.value}", *sent])

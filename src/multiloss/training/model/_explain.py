"""The table that says in words what every term does."""

from __future__ import annotations

from typing import Any

COLUMNS = ("term", "reads", "reduction", "scale", "weight", "balanced")


def explanation(trainer: Any) -> str:
    """A table of all terms, with the balancer in the last line."""
    rows = [COLUMNS]
    for term in trainer.terms.values():
        reads, reduction = term.description.explain() if term.description else ("regularisers and add_loss", "sum")
        scale = "-" if term.scale is None else _call(term.scale)
        schedules = " x ".join(repr(schedule) for schedule in term.weight.schedules)
        weight = f"{term.weight.value:g}" + (f" (now, of {schedules})" if schedules else "")
        rows.append((term.name, reads, reduction, scale, weight, "yes" if term.balanced else "no"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    balancer = trainer.balancer
    return "\n".join([*lines, f"balancer: {_call(balancer)}, reads {balancer.needs.value}"])


def _call(member: Any) -> str:
    arguments = ", ".join(f"{key}={value!r}" for key, value in member.get_config().items())
    return f"{type(member).__name__}({arguments})"

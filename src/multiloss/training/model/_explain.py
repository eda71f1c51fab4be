"""The table that says in words what every term does, and what a step costs."""

from __future__ import annotations

from typing import Any

from ..._core.wording import aligned
from ._cost import cost, plan_of_batch
from ._traffic import traffic

COLUMNS = ("term", "reads", "reduction", "scale", "weight", "balanced")


def explanation(trainer: Any, x: Any, y: Any, sample_weight: Any) -> str:
    """A table of all terms, the balancer, and the cost of a step; see `MultiLossModel.explain`."""
    looks = x is not None and trainer.model.built and trainer.program.objective.balancing.reads_gradients
    plan = plan_of_batch(trainer.program, x, y, sample_weight) if looks else trainer.program.plan
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
    balancer = trainer.balancer
    reads = f"balancer: {balancer!r}, reads {balancer.needs.value}"
    return "\n".join([*aligned(rows), *order, reads, *cost(trainer, plan), *traffic(trainer, plan)])

"""Terms without labels."""

from __future__ import annotations

from collections.abc import Iterator

from ..._core.wording import percent
from .._finding import Finding, check
from .._measurements import Measurements


@check()
def labels(measurements: Measurements) -> Iterator[Finding]:
    """No label at all, or so few that most batches have none."""
    measured = measurements.measured
    order = list(measurements.terms)
    for name, subject in measurements.subjects.items():
        targets = subject.targets
        if not targets.labels.size:
            yield Finding(
                "error",
                "no labels",
                (name,),
                f"`{name}` has no label {targets.where}: all {len(targets.values)} count as missing.",
                f"Look at `missing={subject.term.missing!r}` and `mask={subject.term.mask!r}`, and at how the targets "
                "are made.".replace("'", '"'),
            )
        elif measured is not None:
            empty = float((measured.labelled[:, order.index(name)] == 0).mean())
            if empty >= 0.5:
                part = percent(targets.labels.size / targets.values.size)
                yield Finding(
                    "warning",
                    "few labels",
                    (name,),
                    f"`{name}` has no label in {percent(empty)} of the batches; {part} of its targets are labelled "
                    f"{targets.where}.",
                    "It trains in few steps only. Make the batches larger, or draw labelled samples more often.",
                )

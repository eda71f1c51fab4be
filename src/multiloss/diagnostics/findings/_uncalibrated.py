"""Scales that are not measured yet."""

from __future__ import annotations

from collections.abc import Iterator

from .._evidence import Evidence
from .._finding import Finding, check


@check()
def uncalibrated(evidence: Evidence) -> Iterator[Finding]:
    """A scale that awaits a pass over the data counts as 1 here."""
    for name, term in evidence.terms.items():
        if term.scale is None or not term.scale.awaits_pass:
            continue
        if int(evidence.trainer.state.read(f"scale/{name}/")["measured"]):
            continue
        yield Finding(
            "warning",
            "uncalibrated",
            (name,),
            f'`{name}` has `scale="calibrated"`, which is not measured yet: it counts as 1 here, and training '
            "would not begin.",
            "Call `trainer.calibrate(data)` first, and diagnose the trainer then.",
        )

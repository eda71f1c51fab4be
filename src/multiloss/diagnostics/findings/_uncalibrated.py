"""Scales that are not measured yet."""

from __future__ import annotations

from collections.abc import Iterator

from .._finding import Finding, check
from .._measurements import Measurements


@check()
def uncalibrated(measurements: Measurements) -> Iterator[Finding]:
    """A scale that awaits a pass over the data takes no part here."""
    for name, term in measurements.terms.items():
        if term.scale is None or not term.scale.awaits_pass:
            continue
        if int(measurements.trainer.state.read(term.scale_prefix)["measured"]):
            continue
        yield Finding(
            "warning",
            "uncalibrated",
            (name,),
            f'`{name}` has `scale="calibrated"`, which is not measured yet: it takes no part here, and training '
            "would not begin.",
            "Call `trainer.calibrate(data)` first, and diagnose the trainer then.",
        )

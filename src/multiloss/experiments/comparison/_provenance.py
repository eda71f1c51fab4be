"""Which runs were trained now, which were taken from an earlier call, and why others were not."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.wording import counted
from ..runs import Run


def provenance(runs: Sequence[Run]) -> list[str]:
    """Sentences for a report; none where all runs were trained now and no earlier one was there."""
    sentences = []
    stored = [run for run in runs if run.stored]
    if stored:
        verb = "was" if len(stored) == 1 else "were"
        sentences.append(
            f"{counted(len(stored), 'run')} of {len(runs)} {verb} taken from an earlier call, in which everything that "
            f"a run depends on was the same: {_who(stored)}."
        )
    for reason in dict.fromkeys(run.anew for run in runs if run.anew):
        group = [run for run in runs if run.anew == reason]
        sentences.append(f"Trained anew although an earlier run was there: {_who(group)} ({reason}).")
    return sentences


def _who(runs: Sequence[Run]) -> str:
    seeds: dict[str, list[str]] = {}
    for run in runs:
        seeds.setdefault(run.balancer, []).append(str(run.seed))
    return ", ".join(f"{label} seed{'s' if len(of) > 1 else ''} {' '.join(of)}" for label, of in seeds.items())

"""One contender's line in the summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..statistics import Estimate, Quartiles


@dataclass(frozen=True)
class ContenderSummary:
    """What all runs of one contender say.

    Attributes:
        balancer: its label.
        rank: 1 for the largest mean improvement; None where nothing can be compared.
        mean_rank: mean place over metrics and seeds, 1 is the best; see `mean_ranks`.
        finished: how many seeds reached the end.
        failed: how many did not.
        improvement: mean change over the score metrics, as `Score` counts it, paired with the baseline's run of the
            same seed.
        p_value: of the improvement, Student's t test over the seeds, after Holm's correction for the number of
            contenders; None for the baseline and with one seed.
        seeds_needed: how many seeds would show an improvement of this size; see `seeds_needed`.
        metrics: every score metric in its own unit.
        changes: what the change of every score metric counts, paired by seed, positive when better.
        seconds_per_step: median over the seeds.
        middle_steps: between which the middle half of all epochs' mean steps lies; None where one alone was measured.
        slowdown: `seconds_per_step` over that of the baseline; None where the middle halves of the two have a time in
            common, which says nothing of which is slower.
        steps: training steps of a run, mean over the seeds; they differ where the budget is time.
        balancing_bytes: what balancing holds, counted: gradient rows and state; see `balancing_bytes`.
        verdict: `"baseline"`, `"better"`, `"worse"`, `"not distinguishable"`, `"too few seeds"` or `"failed"`.
        sentence: the verdict in words, with its numbers.
    """

    balancer: str
    rank: int | None
    mean_rank: float | None
    finished: int
    failed: int
    improvement: Estimate
    p_value: float | None
    seeds_needed: int | None
    metrics: Mapping[str, Estimate]
    changes: Mapping[str, Estimate]
    seconds_per_step: float | None
    middle_steps: Quartiles | None
    slowdown: float | None
    steps: float | None
    balancing_bytes: int | None
    verdict: str
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The line as plain data."""
        return asdict(self)

"""The content of `results.json` as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..._core.results import Rows
from ...problems import Score
from ..runs import Run
from ..statistics import Estimate
from ._contender_summary import ContenderSummary


def run_rows(runs: Sequence[Run]) -> Rows:
    """A head, and a line a run."""
    names = list(dict.fromkeys(name for run in runs for name in run.metrics))
    plain = ["balancer", "seed", "improvement", "seconds_per_step", "steps", "training_seconds", "balancing_bytes"]
    plain += ["stored"]
    yield [*plain, "error", *names]
    for run in runs:
        yield [*(getattr(run, name) for name in plain), run.error, *(run.metrics.get(name) for name in names)]


def summary_rows(summary: Sequence[ContenderSummary], score: Mapping[str, Score]) -> Rows:
    """A head, and a line a contender; every mean with the ends of its intervals."""
    plain = [
        "balancer",
        "rank",
        "mean_rank",
        "verdict",
        "finished",
        "failed",
        "p_value",
        "seeds_needed",
        "seconds_per_step",
        "slowdown",
    ]
    plain += ["steps", "balancing_bytes"]
    estimates = ["improvement", *score, *(f"{name}_change" for name in score)]
    yield [*plain, *(column for name in estimates for column in _columns(name)), "sentence"]
    for entry in summary:
        found = [entry.improvement, *(entry.metrics[name] for name in score)]
        found += [entry.changes[name] for name in score]
        numbers = [number for mean in found for number in _numbers(mean)]
        yield [*(getattr(entry, name) for name in plain), *numbers, entry.sentence]


def epoch_rows(runs: Sequence[Run]) -> Rows:
    """A head, and a line for each run, log and epoch."""
    yield ["balancer", "seed", "epoch", "log", "value"]
    for run in runs:
        for log, values in run.history.items():
            for epoch, value in enumerate(values, start=1):
                yield [run.balancer, run.seed, epoch, log, value]


def _columns(name: str) -> list[str]:
    return [name, f"{name}_low", f"{name}_high", f"{name}_bootstrap_low", f"{name}_bootstrap_high"]


def _numbers(found: Estimate) -> list[float | None]:
    return [found.mean, *(found.interval or (None, None)), *(found.bootstrap or (None, None))]

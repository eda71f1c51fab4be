"""The trials of a search as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..._core.results import Rows
from ._objective import TrialObjective
from ._record import TrialRecord


def trial_rows(trials: Sequence[TrialRecord], objective: TrialObjective) -> Rows:
    """A head, and a line a trial."""
    terms = list(dict.fromkeys(term for trial in trials for term in trial.candidate.weights))
    metrics = list(dict.fromkeys(name for trial in trials for name in trial.metrics))
    objectives = list(objective.metrics) if objective.pareto else ["objective"]
    head = ["trial", "role", "state", "epochs", "seconds", "error", "balancer", "parameters"]
    yield [*head, *(f"{term}_weight" for term in terms), *(f"objective:{name}" for name in objectives), *metrics]
    for trial in trials:
        point = trial.candidate
        yield [
            *(trial.number, trial.role, trial.state, trial.epochs, trial.seconds, trial.error, point.balancer),
            json.dumps(point.parameters) if point.parameters else "",
            *(point.weights.get(term) for term in terms),
            *(trial.values or [None] * len(objectives)),
            *(trial.metrics.get(name) for name in metrics),
        ]

"""One trial of a search, as it is displayed and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..._core.errors import invalid
from ._candidate import Candidate
from ._seal import seal

# Keys under which a trial keeps what Optuna has no place for.
ROLE, POINT, RESULT, WORKER, SURPLUS = (
    "multiloss:role",
    "multiloss:point",
    "multiloss:result",
    "multiloss:worker",
    "multiloss:surplus",
)
SEAL = "seal"
FOUND = "search"
EQUAL, CONTRIBUTIONS, OWN, GRID = "equal weights", "equal contributions", "your own weights", "grid"
FINISHED, PRUNED, FAILED = "finished", "pruned", "failed"


@dataclass(frozen=True)
class TrialRecord:
    """What one trial tried, and what came of it.

    Attributes:
        number: its number in the study, from 0.
        role: where the point came from, as "equal weights".
        state: `"finished"`, `"pruned"` (stopped early, since it was worse than others) or `"failed"`.
        values: one objective value each; empty unless finished.
        candidate: weights, balancer and parameters.
        metrics: validation metrics after its last epoch, in their own units.
        epochs: how many were trained.
        seconds: wall-clock seconds.
        error: the message that ended it; None otherwise.
        history: the objective after each epoch; empty in a Pareto search.
    """

    number: int
    role: str
    state: str
    values: tuple[float, ...]
    candidate: Candidate
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    epochs: int = 0
    seconds: float = 0.0
    error: str | None = None
    history: tuple[float, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether it reached its last epoch with finite metrics."""
        return self.state == FINISHED

    def to_dict(self) -> dict[str, Any]:
        """The trial as plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrialRecord:
        """Makes the trial from `to_dict`."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(
            **{
                **known,
                "candidate": Candidate.from_dict(data["candidate"]),
                "values": tuple(data["values"]),
                "history": tuple(data.get("history", ())),
            }
        )


def records(study: Any) -> list[TrialRecord]:
    """Every trial of a study that has ended with a result, by number; those that were cut off are left out."""
    return [
        _record(trial)
        for trial in study.get_trials(deepcopy=False)
        if RESULT in trial.user_attrs and trial.state.name in ("COMPLETE", "PRUNED")
    ]


def check_record(trial: Any, sealed: bool) -> None:
    """Refuses a trial whose stored result is not the one that was stored.

    Args:
        trial: Optuna's.
        sealed: whether its study says that all of its trials have seals.

    Raises:
        ValueError: where it is another one, and whatever a damaged value makes of the record.
    """
    if not sealed or trial.state.name not in ("COMPLETE", "PRUNED") or SURPLUS in trial.user_attrs:
        return
    result, record = trial.user_attrs[RESULT], _record(trial)
    values = list(record.values) if record.finished else None
    expected = result_seal(record.number, record.role, result, values, trial.user_attrs[POINT], record.history)
    if result.get(SEAL) != expected:
        raise invalid(f"Trial {trial.number} must have the result that was stored", received="another one")


def result_seal(
    number: int,
    role: str,
    result: Mapping[str, Any],
    values: Sequence[float] | None,
    point: Any,
    history: Sequence[float],
) -> str:
    """The checksum of all that a record says of a trial."""
    plain_result = {key: value for key, value in result.items() if key != SEAL}
    return seal(number, role, plain_result, None if values is None else list(values), point, list(history))


def _record(trial: Any) -> TrialRecord:
    result = trial.user_attrs[RESULT]
    finished = trial.state.name == "COMPLETE"
    return TrialRecord(
        number=trial.number,
        role=trial.user_attrs.get(ROLE, FOUND),
        state=FINISHED if finished else (FAILED if result["error"] else PRUNED),
        values=tuple(trial.values) if finished else (),
        candidate=Candidate.from_dict(trial.user_attrs[POINT]),
        metrics=result["metrics"],
        epochs=result["epochs"],
        seconds=result["seconds"],
        error=result["error"],
        history=tuple(value for _, value in sorted(trial.intermediate_values.items())),
    )

"""One training run of a comparison, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Run:
    """What one balancer reached from one seed.

    Attributes:
        balancer: the balancer's label in the comparison.
        seed: the seed of the initial weights and of the data order.
        metrics: those after the last epoch, without `val_`, in their own units: of the test data where the problem
            has some, else of the validation data.
        improvement: mean change over the score metrics, as `Score` counts it, against the baseline of the same seed;
            None until the baseline is known, and where nothing can be compared.
        seconds_per_step: wall-clock seconds of a training step, compilation left out: the median of `mean_steps`.
        mean_steps: the mean step of each epoch, without those that compile.
        steps: training steps.
        training_seconds: wall-clock seconds of all steps, without compilation and validation.
        balancing_bytes: what a step holds for its balancer alone, counted; see `balancing_bytes`.
        seconds: wall-clock seconds of the whole run, compilation and validation included.
        history: log name to one value an epoch.
        error: the message of the exception that ended the run; None when it finished.
        initial_weights: digest of the model's variables before the first step.
        settings: digest of everything that the run depends on; a stored run with another one is not reused. Empty
            where nothing is stored, or where a part of it cannot be read.
        parts: the digests of its parts, by what a person calls them.
        stored: it was taken from an earlier call, not trained now.
        anew: why it was trained although an earlier run was there; empty otherwise.
    """

    balancer: str
    seed: int
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    improvement: float | None = None
    seconds_per_step: float | None = None
    mean_steps: tuple[float, ...] = ()
    steps: int | None = None
    training_seconds: float | None = None
    balancing_bytes: int | None = None
    seconds: float | None = None
    history: Mapping[str, list[float | None]] = field(default_factory=dict)
    error: str | None = None
    initial_weights: str = ""
    settings: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    stored: bool = False
    anew: str = ""

    @property
    def finished(self) -> bool:
        """Whether the run reached its last epoch with finite scores."""
        return self.error is None

    def with_improvement(self, improvement: float | None) -> Run:
        """The same run with its improvement over the baseline."""
        return replace(self, improvement=improvement)

    def to_dict(self) -> dict[str, Any]:
        """The run as plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Run:
        """Makes the run from `to_dict`; keys of later versions are ignored."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**known, "mean_steps": tuple(known.get("mean_steps", ()))})

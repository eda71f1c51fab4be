"""The result of a comparison: runs, summary, and how they are stored."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from ..._core.results import Rows, StoredResult
from ..._core.stored import StorageWarning
from ..._core.strict_json import plain
from ...problems import Score
from ..runs import Curve, Run, Samples, curve, share, still_falling, term_names
from ..statistics import BOOTSTRAP, CONFIDENCE, CORRECTION, METHOD
from ._advice import headline, next_steps
from ._against_tuned import better_than_tuned
from ._contender_summary import ContenderSummary
from ._deciding import deciding_sentence
from ._provenance import provenance
from ._statements import Statement, statements
from ._summary import summarise, with_improvements
from ._tables import epoch_rows, run_rows, summary_rows

SAMPLES = "samples.npz"


@dataclass(frozen=True)
class Comparison(StoredResult):
    """What `compare` found.

    Attributes:
        problem: the problem's name.
        baseline: the label of the balancer that the others are compared with.
        score: validation metric, without `val_`, to `Score`.
        runs: every run, failed ones included, with its improvement over the baseline of the same seed.
        settings: epochs, batch size, backend, versions, and what else is needed to do it again.
        description: what the problem is, in a sentence or two.
        samples: a few validation samples with every balancer's predictions, for drawing.
    """

    verb: ClassVar[str] = "compare"
    key: ClassVar[str] = "runs"

    problem: str
    baseline: str
    score: Mapping[str, Score]
    runs: Sequence[Run]
    settings: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    samples: Samples | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "score", {name: Score.read(given) for name, given in self.score.items()})
        object.__setattr__(self, "runs", tuple(with_improvements(self.runs, self.baseline, self.score)))

    @cached_property
    def summary(self) -> tuple[ContenderSummary, ...]:
        """One line a balancer, best first."""
        return tuple(summarise(self.runs, self.baseline, self.score))

    @property
    def balancers(self) -> list[str]:
        """The labels, in the order of the runs."""
        return list(dict.fromkeys(run.balancer for run in self.runs))

    @property
    def terms(self) -> list[str]:
        """The names of the terms in the logs."""
        return term_names(self.runs)

    def curve(self, balancer: str, log: str) -> Curve | None:
        """A log of a balancer over the epochs, mean and range over its seeds; None where it is not there."""
        return curve(self.runs, balancer, log)

    def share(self, balancer: str, term: str) -> list[float | None]:
        """A term's part in the balancer's training loss, one number in [0, 1] an epoch."""
        return share(self.runs, balancer, term)

    @property
    def headline(self) -> str:
        """The outcome in one line."""
        return headline(self.summary, self.baseline, self._beats_tuned)

    @property
    def next_steps(self) -> list[str]:
        """What to do next, most important first; code stands in backticks."""
        return next_steps(self.summary, self.baseline, self.settings, still_falling(self.runs), self._beats_tuned)

    @property
    def statements(self) -> list[Statement]:
        """The verdicts in sentences; many that cannot be distinguished from the baseline share one."""
        return statements(self.summary, self.baseline)

    @property
    def cautions(self) -> list[str]:
        """What to know before the improvements are believed, in sentences; code stands in backticks."""
        found = deciding_sentence(self.summary, self.baseline, self.score)
        return [found] if found else []

    @property
    def provenance(self) -> list[str]:
        """Which runs were taken from an earlier call, and why others were trained anew, in sentences."""
        return provenance(self.runs)

    @cached_property
    def _beats_tuned(self) -> list[str]:
        better = [entry.balancer for entry in self.summary if entry.verdict == "better"]
        return better_than_tuned(self.runs, self.score, better)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain data that strict JSON can hold: what is not finite is None."""
        return plain(
            {
                "problem": self.problem,
                "description": self.description,
                "baseline": self.baseline,
                "score": {name: entry.to_plain() for name, entry in self.score.items()},
                "interval": {
                    "method": METHOD,
                    "confidence": CONFIDENCE,
                    "bootstrap": BOOTSTRAP,
                    "correction": CORRECTION,
                },
                "settings": self.settings,
                "provenance": self.provenance,
                "runs": [run.to_dict() for run in self.runs],
                "headline": self.headline,
                "cautions": self.cautions,
                "next_steps": self.next_steps,
                "summary": [entry.to_dict() for entry in self.summary],
            }
        )

    def tables(self) -> Mapping[str, Rows]:
        """File name to the lines of the table, the head first."""
        return {
            "results.csv": run_rows(self.runs),
            "summary.csv": summary_rows(self.summary, self.score),
            "epochs.csv": epoch_rows(self.runs),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Makes the comparison from `to_dict`; the summary is computed anew from the runs."""
        return cls(
            problem=data["problem"],
            baseline=data["baseline"],
            score=data["score"],
            runs=[Run.from_dict(run) for run in data["runs"]],
            settings=data.get("settings", {}),
            description=data.get("description", ""),
        )

    def save(self, folder: str | Path) -> Path:
        """Writes `results.json`; as tables `results.csv` (a line a run), `summary.csv` (a line a contender) and
        `epochs.csv` (a line for each log and epoch); for the pictures `samples.npz`. Each is put in place in one move.

        Args:
            folder: made when it is not there.

        Returns:
            The path of `results.json`.
        """
        path = super().save(folder)
        if self.samples is not None:
            self.samples.save(path.with_name(SAMPLES))
        return path

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Reads what `save` wrote.

        Args:
            folder: the folder, or the path of its `results.json`.

        Raises:
            ValueError: when there are no results of a comparison, and when they are not as they were written. Samples
                that cannot be read cost the pictures of them, and a warning.
        """
        found = super().load(folder)
        path = Path(folder)
        samples = path / SAMPLES if path.is_dir() else path.with_name(SAMPLES)
        try:
            return replace(found, samples=Samples.load(samples)) if samples.is_file() else found
        except ValueError as error:
            warnings.warn(f"{error} The comparison has no pictures of samples.", StorageWarning, stacklevel=2)
            return found

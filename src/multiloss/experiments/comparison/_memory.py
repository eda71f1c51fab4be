"""The finished runs of a folder, and whether they answer the question that is asked now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..._core.wording import listed
from ...problems import Problem
from ..fingerprints import Fingerprint, fingerprint
from ..runs import Contender, InitialModel, Run, RunStore, Trained, of_contender, of_problem, of_start
from ._comparison import Comparison

_UNKNOWN = "what it depends on cannot be read in full"


class Memory:
    """Finds the runs of earlier calls, and keeps new ones; without a folder nothing is read, found or kept.

    What all runs depend on is read here, before the first of them changes anything.

    Args:
        problem: what is trained.
        contenders: label to contender.
        folder: the comparison's.
        known: what the problem's runs depend on, where it has been read before.
    """

    def __init__(
        self, problem: Problem, contenders: Mapping[str, Contender], folder: Path | None, known: Fingerprint | None
    ):
        self.store = RunStore(folder)
        self.active = folder is not None
        self._problem = Fingerprint()
        self._contenders: dict[str, Fingerprint] = {}
        self._earlier: dict[tuple[str, int], Run] = {}
        if folder is not None:
            self._problem = of_problem(problem) if known is None else known
            self._contenders = {label: of_contender(problem, contender) for label, contender in contenders.items()}
            self._earlier = _earlier_runs(folder)

    @property
    def notes(self) -> list[str]:
        """What is trained anew each time, and why."""
        found = [_note("All runs are", self._problem)] if self._problem.unread else []
        own = {label: each for label, each in self._contenders.items() if each.unread}
        return found + [_note(f"The runs of {label!r} are", each) for label, each in own.items()]

    def start(self, initial: InitialModel) -> Fingerprint:
        """What the runs from one seed depend on besides."""
        return of_start(initial) if self.active else Fingerprint()

    def question(self, label: str, start: Fingerprint, length: int | str) -> Fingerprint:
        """Everything that a run depends on.

        Args:
            label: of the contender.
            start: of its seed.
            length: epochs, or seconds in words.
        """
        if not self.active:
            return Fingerprint()
        return self._problem | self._contenders[label] | start | fingerprint({"length of training": length})

    def find(self, label: str, seed: int, question: Fingerprint, failed_too: bool = False) -> Trained | None:
        """The finished run that answers the question; None where there is none, or where it cannot be known.

        Args:
            label: of the contender.
            seed: of the run.
            question: all that it depends on.
            failed_too: a failed run counts as well: another process has just had it.
        """
        if not self.active or question.unread:
            return None
        run = self.store.find(label, seed, question.text, failed_too)
        if run is None:
            return None
        return Trained(replace(run, stored=True, anew=""), self.store.predictions(label, seed, question.text))

    def keep(self, trained: Trained, question: Fingerprint) -> Trained:
        """Writes a new run, and gives it with its question, and with the reason why an earlier one was not taken."""
        if not self.active:
            return trained
        run = replace(
            trained.run, parts=question.parts, anew=self._why_anew(trained.run.balancer, trained.run.seed, question)
        )
        if question.unread:
            return replace(trained, run=run)
        kept = replace(trained, run=replace(run, settings=question.text))
        self.store.keep_if_possible(kept)
        return kept

    def _why_anew(self, label: str, seed: int, question: Fingerprint) -> str:
        earlier = self._earlier.get((label, seed))
        if earlier is None or not earlier.finished:
            return ""
        if question.unread:
            return _UNKNOWN
        changes = question.changes(earlier.parts)
        if not changes:
            return ""
        return f"changed since: {listed(changes)}" if earlier.parts else "by an earlier release"


def _earlier_runs(folder: Path) -> dict[tuple[str, int], Run]:
    """The runs of the last call, which say what they depended on; a folder that cannot be read has none."""
    try:
        return {(run.balancer, run.seed): run for run in Comparison.load(folder).runs}
    except Exception:
        return {}


def _note(what: str, found: Fingerprint) -> str:
    return f"{what} trained anew each time, since {found.why_not_known}"

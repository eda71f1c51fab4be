"""The found weights against equal weights, on seeds that the search never saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..._core.strict_json import plain
from ..comparison import Comparison, Plan
from ..defaults import Reporter
from ..fingerprints import digest
from ..runs import Contender, make_budget
from ._outcome import FOUND
from ._record import SEAL, TrialRecord
from ._seal import seal
from ._study import EQUAL, OWN, Opened
from ._trial import TrialRunner

CONFIRMATION = "multiloss:confirmation"
CONFIRMATION = "confirmation"  # within that of the search


def confirm(
    opened: Opened,
    runner: TrialRunner,
    best: TrialRecord,
    seeds: int,
    out: Path | None,
    on_progress: Callable[[Any], None] | None,
    verbose: int,
) -> Comparison | None:
    """Trains the best point and the baseline anew, from the same fresh starts, and compares them.

    Of n trials from one start the best is partly the luckiest: its value in the search promises too much. What was
    trained is kept in the study, so that the same call does not train it again.

    Args:
        opened: the study.
        runner: of the search.
        best: the trial to confirm.
        seeds: how many starts: those after the search's own.
        out: where `compare` keeps its runs; None keeps nothing but the result.
        on_progress: called as `compare` does.
        verbose: as for `compare`.

    Returns:
        The comparison; None where there is nothing to confirm.
    """
    if seeds == 0 or best.role == opened.baseline_role:
        return None
    first = runner.initial.seed + 1
    key = digest([best.candidate.to_dict(), list(range(first, first + seeds))])
    stored = opened.study.user_attrs.get(CONFIRMATION)
    kept_in = None if out is None else out / CONFIRMATION
    # The runs in the folder say more: they have their histories.
    whole = stored and stored["key"] == key and stored.get(SEAL) == seal(stored["comparison"])
    if whole and (kept_in is None or not kept_in.is_dir()):
        found = Comparison.from_dict(stored["comparison"])
        return replace(found, runs=[replace(run, stored=True) for run in found.runs])
    terms, point = opened.terms, best.candidate
    choice = runner.space.balancers.get(point.balancer)
    equal = None if opened.baseline_role == OWN else terms.loss_weights(dict.fromkeys(terms.balanced, 1.0))
    contenders = {opened.baseline_role: Contender(None, equal)}
    if opened.baseline_role == EQUAL and terms.own:
        contenders[OWN] = Contender(None, None)
    contenders[FOUND] = Contender(choice.make(point.parameters) if choice else None, terms.loss_weights(point.weights))
    plan = Plan(
        runner.problem,
        contenders,
        make_budget("epochs", runner.epochs),
        list(range(first, first + seeds)),
        opened.baseline_role,
        kept_in,
    )
    report = Reporter(on_progress, verbose)
    plan.announce(report)
    found = plan.carry_out(report)
    if all(run.finished for run in found.runs):
        # Without the history of every run: a database's text has its limits.
        short = [{**run, "history": {}, "parts": {}, "anew": ""} for run in found.to_dict()["runs"]]
        kept = plain({**found.to_dict(), "runs": short})
        opened.study.set_user_attr(CONFIRMATION, {"key": key, "comparison": kept, SEAL: seal(kept)})
    return found

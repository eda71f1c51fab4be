"""The found weights against equal weights, on seeds that the search never saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..._core.strict_json import plain
from ..comparison import Comparison, Plan
from ..defaults import Reporter
from ..fingerprints import digest, fingerprint
from ..runs import Contender, make_budget
from ._common_factor import one_point
from ._outcome import FOUND
from ._record import EQUAL, OWN, SEAL, TrialRecord
from ._seal import seal
from ._study import Opened
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
    tested = fingerprint({} if runner.problem.test is None else {"test data": runner.problem.test})
    key = digest([best.candidate.to_dict(), list(range(first, first + seeds)), tested.text])
    stored = opened.study.user_attrs.get(CONFIRMATION)
    kept_in = None if out is None else out / CONFIRMATION
    # The runs in the folder say more: they have their histories.
    whole = stored and not tested.unread and stored["key"] == key and stored.get(SEAL) == seal(stored["comparison"])
    if whole and (kept_in is None or not kept_in.is_dir()):
        comparison = Comparison.from_dict(stored["comparison"])
        return replace(comparison, runs=[replace(run, stored=True) for run in comparison.runs])
    terms, point = opened.terms, best.candidate
    choice = runner.space.balancers.get(point.balancer)
    ones, own, optimizer = dict.fromkeys(terms.balanced, 1.0), terms.numbers(), runner.problem.new_optimizer()
    equal = None if opened.baseline_role == OWN else terms.loss_weights(ones)
    contenders = {opened.baseline_role: Contender(None, equal)}
    found = Contender(choice.make(point.parameters) if choice else None, terms.loss_weights(point.weights))
    is_own = found.balancer is None and own is not None and one_point(point.weights, own, optimizer)
    # What is trained already under another name would stand beside itself, and win or lose by chance.
    if opened.baseline_role == EQUAL and terms.own and not is_own and not (own and one_point(own, ones, optimizer)):
        contenders[OWN] = Contender(None, None)
    contenders[FOUND] = Contender(None, None) if is_own else found
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
    comparison = plan.carry_out(report)
    if all(run.finished for run in comparison.runs):
        # Without the history of every run: a database's text has its limits.
        short = [{**run, "history": {}, "parts": {}, "anew": ""} for run in comparison.to_dict()["runs"]]
        kept = plain({**comparison.to_dict(), "runs": short})
        opened.study.set_user_attr(CONFIRMATION, {"key": key, "comparison": kept, SEAL: seal(kept)})
    return comparison

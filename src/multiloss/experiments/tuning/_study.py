"""Makes the study, or finds it again: its settings, its space, and the trials that it starts with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from ..._core.errors import invalid
from ..._core.optional import require
from ...problems import Problem
from ..fingerprints import Fingerprint, fingerprint
from ..runs import InitialModel, of_problem, of_start, versions
from ._objective import TrialObjective
from ._ranges import Span
from ._record import CONTRIBUTIONS, EQUAL, GRID, OWN, ROLE, records
from ._recovery import requeue_lost_trials
from ._seal import READY, SETTINGS, SPANS, seal
from ._search import Search, default_spans, equal_contributions
from ._space import Space
from ._storage import PURPOSE
from ._terms import Terms, look

TRIALS = 30
# Seconds that a process waits for another one that has just made the study.
_PATIENCE = 10.0
_PAUSE = 0.2


@dataclass(frozen=True)
class Opened:
    """A study that is ready for work.

    Attributes:
        study: Optuna's.
        terms: the problem's terms.
        space: what may be chosen.
        baseline_role: the role of the trial that the others are compared with.
        trials: how many there shall be in all.
        earlier: how many had a result before this call.
        depends: what its trials depend on; where that cannot be read in full, no other call can go on with it.
    """

    study: Any
    terms: Terms
    space: Space
    baseline_role: str
    trials: int
    earlier: int
    depends: Fingerprint


def study_depends(problem: Problem, initial: InitialModel, search: Search) -> Fingerprint:
    """What every trial of a study depends on besides the numbers that a person gives; reads the data, all of it."""
    own = {"loss weights": problem.loss_weights, "search": [search.weights, search.ranges, search.balancers]}
    # Trials never see the test data.
    return of_problem(replace(problem, test=None)) | of_start(initial) | fingerprint(own)


def study_settings(
    problem: Problem, initial: InitialModel, depends: Fingerprint, objective: TrialObjective, method: str, epochs: int
) -> dict[str, Any]:
    """What trials must agree in to be compared; texts and digests, by what a person calls them."""
    return {
        **depends.parts,
        "problem": problem.name,
        "batch size": problem.batch_size,
        "objective": {name: score.to_plain() for name, score in objective.metrics.items()},
        "method": method,
        "epochs": epochs,
        "seed": initial.seed,
        "backend": f"{keras.backend.backend()} {keras.config.dtype_policy().name} {keras.config.floatx()}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items() if name != "backend"),
    }


def open_study(
    storage: Any,
    name: str,
    problem: Problem,
    initial: InitialModel,
    search: Search,
    objective: TrialObjective,
    settings: Mapping[str, Any],
    trials: int | None,
    depends: Fingerprint,
    at_start: bool = True,
) -> Opened:
    """The study of this name, made where there is none.

    Everything that can be wrong with the arguments is found before anything is written.

    Args:
        storage: Optuna's.
        name: of the study.
        problem: whose terms are weighed.
        initial: its model.
        search: what is searched.
        objective: gives the directions.
        settings: from `study_settings`.
        trials: how many in all; None for the default.
        depends: from `study_depends`.
        at_start: False for a worker that joins a study which another process has just opened.

    Raises:
        ValueError: when the stored one was made with other settings, or with another program, and when it cannot be
            known whether it was.
    """
    optuna = require("optuna", extra="tune", purpose=PURPOSE)
    try:
        study = optuna.load_study(storage=storage, study_name=name)
    except KeyError:
        study = None
    if study is not None and at_start and depends.unread:
        raise invalid(
            f"Whether the trials of the stored study {name!r} were made with this problem cannot be known, so they are "
            "not used again",
            received="; ".join(depends.unread),
            fix="Give another name for the study to begin anew; and such an object an attribute or method "
            "`fingerprint`, a text that says what it holds, to go on with that one later.",
        )
    terms, sizes = look(problem, initial, measure=study is None)
    search.check(terms)
    spans = default_spans(search, terms, sizes)
    space = search.space(terms, spans)
    baseline_role = OWN if not space.ratios and terms.own else EQUAL
    starts = _starts(space, terms, equal_contributions(terms, sizes) if sizes else None, baseline_role, settings)
    made, earlier = False, 0
    if study is None:
        try:
            study = optuna.create_study(storage=storage, study_name=name, directions=objective.directions)
            made = True
        except optuna.exceptions.DuplicatedStudyError:
            study = optuna.load_study(storage=storage, study_name=name)
    if made or not _becomes_ready(study):
        ranges = {term: [span.low, span.high] for term, span in spans.items()}
        study.set_user_attr(SETTINGS, dict(settings))
        study.set_user_attr(SPANS, ranges)
        for role, point in starts.items():
            study.enqueue_trial(point, user_attrs={ROLE: role}, skip_if_exists=True)
        study.set_user_attr(READY, seal(name, dict(settings), ranges))
    else:
        _check_settings(study, name, settings)
        space, earlier = search.space(terms, _stored_spans(study)), len(records(study))
        if at_start:
            requeue_lost_trials(study, at_start=True)
    if settings["method"] == "grid":
        points = _grid_points(space, trials, initial.seed)
        for point in points if at_start else []:
            study.enqueue_trial(point, user_attrs={ROLE: GRID}, skip_if_exists=True)
        trials = len(points) + 1
    return Opened(study, terms, space, baseline_role, trials or TRIALS, earlier, depends)


def _grid_points(space: Space, trials: int | None, seed: int) -> list[dict[str, Any]]:
    """The points of the grid besides equal weights, so many that there are `trials` with those."""
    points = [point for point in space.grid(trials or TRIALS) if point != space.start()]
    if trials is None or trials > len(points):
        return points
    # A part of a grid is a random part, or it would be one corner.
    return [points[place] for place in np.random.default_rng(seed).permutation(len(points))[: trials - 1]]


def _starts(
    space: Space,
    terms: Terms,
    contributions: Mapping[str, float] | None,
    baseline_role: str,
    settings: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Equal weights come first; then what people try by hand, so that the search is never worse than that."""
    starts = {baseline_role: space.start()}
    if space.ratios and settings["method"] != "grid":
        for role, weights in ((CONTRIBUTIONS, contributions), (OWN, terms.numbers())):
            point = space.start(weights)
            if weights is not None and point not in starts.values():
                starts[role] = point
    return starts


def _becomes_ready(study: Any) -> bool:
    """Waits for the process that has just made the study; False when it never finished that.

    Raises:
        ValueError: for a study that another program made.
    """
    begin = time.monotonic()
    while READY not in study.user_attrs:
        if study.get_trials(deepcopy=False) and SETTINGS not in study.user_attrs:
            raise invalid(
                "The study was not made by multiloss", received=study.study_name, fix="Give another name for the study."
            )
        if time.monotonic() - begin > _PATIENCE:
            return False
        time.sleep(_PAUSE)
    return True


def _check_settings(study: Any, name: str, settings: Mapping[str, Any]) -> None:
    stored = study.user_attrs[SETTINGS]
    different = [
        _difference(key, stored.get(key), settings.get(key))
        for key in dict.fromkeys((*stored, *settings))
        if stored.get(key) != settings.get(key)
    ]
    if different:
        raise invalid(
            f"The stored study {name!r} was made with other settings, so its trials cannot be compared with new ones",
            received="; ".join(different),
            fix="Give the old settings to go on, or another name for the study to begin anew.",
        )


def _difference(key: str, stored: Any, now: Any) -> str:
    displayed = key in ("problem", "objective", "method", "epochs", "seed", "batch size", "backend", "versions")
    return f"{key}: {stored} then, {now} now" if displayed else f"another {key}" if key[-1] != "s" else f"other {key}"


def _stored_spans(study: Any) -> dict[str, Span]:
    return {term: Span(low, high, log=True) for term, (low, high) in study.user_attrs[SPANS].items()}

"""What judges a run, asked before anything is trained: is it among the logs, and what do its changes count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..._core.errors import invalid, unknown_name
from ...problems import Problem, Score
from ...training import compile as compile_trainer
from ...training import evaluation_log_names, metrics_up_to_one
from ...training.reading import Batches
from ._initial_model import InitialModel

# Rounding of a mean in float32.
_ROUNDING = 1e-5


def judged(problem: Problem, initial: InitialModel) -> Problem:
    """The problem, its scores with the ideal 1 where Keras knows that the metric ends there and nothing else was said.

    A score that is not among the logs of an evaluation is refused; nothing is compiled and nothing trained.

    Args:
        problem: whose score; one that cannot be compiled or evaluated says why in its runs.
        initial: gives the model.

    Raises:
        ValueError: naming the score, with the known ones.
    """
    try:
        trainer = _trainer(problem, initial)
        known = _evaluation_logs(problem, trainer)
        bounded = metrics_up_to_one(trainer)
    except Exception:
        return problem
    require_scores(problem.score, known)
    return replace(problem, score={name: _with_ideal(score, name in bounded) for name, score in problem.score.items()})


def require_scores(score: Mapping[str, Score], known: Iterable[str]) -> None:
    """Raises for the first score that is not among the logs, which are without `val_`."""
    known = list(known)
    for name in score:
        if name not in known:
            raise unknown_name("score metric", name, known, "Fix the `score` of the problem.")


def require_ideals(score: Mapping[str, Score], logs: Mapping[str, Any]) -> None:
    """Raises where a metric is beyond what is said to be its best value.

    Args:
        score: name to score.
        logs: of a validation, with `val_`.
    """
    for name, entry in score.items():
        value = logs.get(f"val_{name}")
        if value is None or entry.ideal is None:
            continue
        if entry.sign * (float(value) - entry.ideal) > _ROUNDING * max(1.0, abs(entry.ideal)):
            raise invalid(
                f"The score {name!r} takes {entry.ideal:g} for the best value that there is",
                received=f"{float(value):g}",
                fix=f"Say what is: ml.Score({entry.direction!r}, ideal=...), or with unit=... in its place.",
            )


def _with_ideal(score: Score, bounded: bool) -> Score:
    return replace(score, ideal=1.0) if bounded and score.direction == "max" and not score.counted else score


def _trainer(problem: Problem, initial: InitialModel) -> Any:
    loss, metrics = problem.new_loss(), problem.new_metrics()
    return compile_trainer(initial.model(), "sgd", loss=loss, loss_weights=problem.loss_weights, metrics=metrics)


def _evaluation_logs(problem: Problem, trainer: Any) -> list[str]:
    data = Batches(problem.validation, problem.batch_size)
    if not data.again:
        return list(problem.score)  # the first batch of what can be read once would be lost to the runs
    return evaluation_log_names(trainer, *data.first(1)[0])

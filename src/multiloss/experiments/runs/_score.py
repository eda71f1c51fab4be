"""Whether what judges a run will be among the logs: asked before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..._core.errors import unknown_name
from ...problems import Problem
from ...training import compile as compile_trainer
from ...training import evaluation_log_names
from ...training.reading import Batches
from ._initial_model import InitialModel


def check_score(problem: Problem, initial: InitialModel) -> None:
    """Refuses a score that is not among the logs of an evaluation; nothing is compiled and nothing trained.

    Args:
        problem: whose score; one that cannot be compiled or evaluated says why in its runs.
        initial: gives the model.

    Raises:
        ValueError: naming the score, with the known ones.
    """
    try:
        known = _evaluation_logs(problem, initial)
    except Exception:
        return
    require_scores(problem.score, known)


def require_scores(score: Mapping[str, str], known: Iterable[str]) -> None:
    """Raises for the first score that is not among the logs, which are without `val_`."""
    known = list(known)
    for name in score:
        if name not in known:
            raise unknown_name("score metric", name, known, "Fix the `score` of the problem.")


def _evaluation_logs(problem: Problem, initial: InitialModel) -> list[str]:
    data = Batches(problem.validation, problem.batch_size)
    if not data.again:
        return list(problem.score)  # the first batch of what can be read once would be lost to the runs
    loss, metrics = problem.new_loss(), problem.new_metrics()
    trainer = compile_trainer(initial.model(), "sgd", loss=loss, loss_weights=problem.loss_weights, metrics=metrics)
    return evaluation_log_names(trainer, *data.first(1)[0])

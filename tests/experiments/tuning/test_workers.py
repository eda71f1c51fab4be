"""Several processes on one database."""

import os

import optuna
import pytest
import slow_problem
from postgres_server import postgres, why_not

from multiloss.experiments.tuning import tune

pytestmark = pytest.mark.one_backend

QUIET = {"epochs": 1, "confirm_seeds": 0, "pruning": False, "verbose": 0}


def stored_trials(url):
    storage = optuna.storages.RDBStorage(url)
    try:
        return optuna.load_study(study_name="slow-bayesian", storage=storage).trials
    finally:
        storage.remove_session()
        storage.engine.dispose()


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "PostgreSQL is there")
def test_two_workers_share_a_postgresql_database():
    pytest.importorskip("psycopg", reason="the driver psycopg is not installed")
    told = []
    with postgres() as url:
        options = {"storage": url, "trials": 8, **QUIET}
        tuning = tune(slow_problem.problem, workers=2, on_progress=told.append, **options)
        trials = stored_trials(url)
        again = tune(slow_problem.problem, **options)
    assert len(tuning.trials) == 8
    assert again.trials == tuning.trials
    # A worker may begin a point too many, or one before the baseline is known: given back, as failed.
    trials = [trial for trial in trials if "multiloss:result" in trial.user_attrs]
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 8
    processes = {trial.user_attrs["multiloss:worker"]["process"] for trial in trials}
    assert len(processes) == 2
    assert os.getpid() not in processes
    weights = {tuple(trial.candidate.weights.values()) for trial in tuning.trials}
    assert len(weights) == 8
    told_of = sorted(progress.result.number for progress in told if progress.result)
    assert told_of == sorted(trial.number for trial in tuning.trials)


def test_what_cannot_be_sent_to_a_worker_is_refused(make_problem, storage):
    problem = make_problem(build_model=lambda: None)
    with pytest.raises(ValueError, match="Give the function that makes the problem"):
        tune(problem, workers=2, storage=storage, **QUIET)


def test_a_function_must_return_a_problem(storage):
    with pytest.raises(ValueError, match="a function that returns one"):
        tune(slow_problem.broken, workers=2, storage=storage, **QUIET)

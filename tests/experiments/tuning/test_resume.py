"""A search that was stopped goes on: nothing is repeated, nothing is lost."""

import os
import platform
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import keras
import numpy as np
import optuna
import pytest
from tuning_formula import FormulaTraining, build_model, make_problem

from multiloss.experiments.tuning import _recovery, _storage, _trial, tune
from multiloss.experiments.tuning._recovery import requeue_lost_trials, this_worker

pytestmark = pytest.mark.one_backend

# Trains by the formula, slowly enough to be killed in the middle of a trial.
PROGRAM = """
import sys, time
sys.path.insert(0, {folder!r})
from tuning_formula import FormulaTraining, make_problem
from multiloss.experiments.tuning import _trial, tune

class Slow(FormulaTraining):
    def __call__(self, *arguments, **options):
        time.sleep(0.25)
        return super().__call__(*arguments, **options)

_trial.train = Slow()
tune(make_problem(), trials=12, epochs=3, confirm_seeds=0, pruning=False, storage={storage!r}, verbose=0)
"""


def search(problem, storage, **options):
    arguments = {"trials": 6, "epochs": 3, "confirm_seeds": 0, "verbose": 0, "pruning": False}
    return tune(problem, storage=storage, **(arguments | options))


def load(storage):
    (name,) = optuna.get_all_study_names(storage)
    return optuna.load_study(study_name=name, storage=storage)


def test_finished_trials_are_never_repeated(problem, training, storage):
    first = search(problem, storage)
    training.weights.clear()
    assert search(problem, storage).trials == first.trials
    assert training.weights == []


def test_more_trials_go_on_as_if_never_stopped(problem, training, storage):
    search(problem, storage)
    more = search(problem, storage, trials=10)
    assert len(training.weights) == 10
    whole = search(problem, None, trials=10)
    assert [trial.candidate for trial in more.trials] == [trial.candidate for trial in whole.trials]


def test_a_folder_holds_the_database(problem, training, quick_folder):
    search(problem, quick_folder, trials=1)
    search(problem, quick_folder / "new" / "mine.db", trials=1)
    assert (quick_folder / "tune.db").is_file()
    assert (quick_folder / "new" / "mine.db").is_file()


@pytest.fixture(scope="module")
def stored(quick_folder):
    """A study of one trial, for tests that do not change it."""
    storage = f"sqlite:///{quick_folder / 'stored.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_trial, "train", FormulaTraining())
        search(make_problem(), storage, trials=1)
    return storage


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, {"epochs": 4}, "epochs: 3 then, 4 now"),
        ({}, {"search": {"weights": {"size": (0.1, 1.0)}}}, "another search"),
        ({}, {"objective": "size_mae"}, "objective: .*size_mae"),
        ({}, {"seed": 1}, "seed: 0 then, 1 now"),
        ({"loss": {"mask": "mae", "label": "mse", "size": "mse"}}, {}, "other losses"),
        ({"optimizer": "sgd"}, {}, "another optimizer"),
        ({"batch_size": 8}, {}, "batch size: 16 then, 8 now"),
        ({"build_model": partial(build_model, activation="relu")}, {}, "another build_model; another model"),
        (
            {"metrics": {"mask": "mae", "label": "accuracy", "size": "mse"}, "score": {"label_accuracy": "max"}},
            {},
            "oth",
        ),
        ({"loss_weights": {"mask": 2.0}}, {}, "other loss weights"),
    ],
)
def test_other_settings_are_refused_by_name(stored, training, changes, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        search(make_problem(**changes), stored, **options)
    assert "another name for the study" in str(caught.value)
    assert training.weights == []


def test_another_name_begins_anew(problem, training, stored):
    assert len(search(problem, stored, study_name="mine", epochs=2, trials=2).trials) == 2


def test_other_data_are_refused(stored, training):
    x, y = make_problem().train
    with pytest.raises(ValueError, match="another training data"):
        search(make_problem(train=(x + 1.0, y)), stored)


def test_one_mended_label_is_refused(stored, training):
    x, y = make_problem().validation
    mended = {**y, "size": y["size"].copy()}
    mended["size"][7] += 1e-3
    with pytest.raises(ValueError, match="another validation data"):
        search(make_problem(validation=(x, mended)), stored)


class Noisy(keras.utils.PyDataset):
    """Gives other batches each time."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        x, y = make_problem().train
        return x + np.random.default_rng().normal(size=x.shape), y


def test_what_cannot_be_read_is_never_gone_on_with(training, storage):
    noisy, lines = Noisy(), []
    found = search(make_problem(train=noisy), storage, trials=2, on_progress=lambda told: lines.append(str(told)))
    note = next(line for line in lines if "No other call can go on with these trials" in line)
    assert "training data is a Noisy that gives something else each time it is read" in note
    assert note in found.settings["notes"]
    with pytest.raises(ValueError, match=r"cannot be known.*training data is a Noisy.*another name for the study"):
        search(make_problem(train=noisy), storage)
    noisy.fingerprint = "first"
    search(make_problem(train=noisy), storage, study_name="told", trials=1)
    assert search(make_problem(train=noisy), storage, study_name="told", trials=2).settings["earlier_trials"] == 1


def test_trials_of_an_earlier_call_are_told_of(problem, training, storage):
    lines = []
    assert search(problem, storage, trials=2).settings["notes"] == []
    found = search(problem, storage, trials=3, on_progress=lambda told: lines.append(str(told)))
    assert found.settings["notes"] == ["2 trials were taken from an earlier call on this study."]
    assert found.settings["notes"][0] in lines


def test_a_study_of_another_program_is_refused(problem, training, storage):
    study = optuna.create_study(storage=storage, study_name="three terms-bayesian")
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=1)
    with pytest.raises(ValueError, match="not made by multiloss"):
        search(problem, storage)


def test_control_c_loses_no_point(problem, training, storage):
    whole = [trial.candidate for trial in search(problem, None).trials]
    training.weights.clear()

    def stop(weights):
        if len(training.weights) == 3:
            raise KeyboardInterrupt
        return False

    training.fails = stop
    with pytest.raises(KeyboardInterrupt):
        search(problem, storage)
    training.fails = lambda weights: False
    tuning = search(problem, storage)
    # Six trials, and the interrupted one once more.
    assert len(training.weights) == 7
    assert [trial.candidate for trial in tuning.trials][:3] == whole[:3]
    assert training.weights[2] == training.weights[3]


def test_the_trial_of_a_dead_process_is_queued_again(problem, training, storage):
    search(problem, storage, trials=2)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _leave_running(storage, {"host": platform.node(), "process": gone.pid, "started": 1.0})
    assert len(search(problem, storage, trials=4).trials) == 4


def test_the_trial_of_another_machine_counts_until_its_heart_stops(problem, training, storage, monkeypatch):
    monkeypatch.setattr(_storage, "HEARTBEAT", 1)
    monkeypatch.setattr(_storage, "GRACE", 1)
    search(problem, storage, trials=2)
    study, trial = _leave_running(storage, {"host": "elsewhere", "process": 1, "started": 1.0})
    study._storage.record_heartbeat(trial._trial_id)
    begin = time.monotonic()
    tuning = search(problem, storage, trials=3)
    assert len(tuning.trials) == 3
    # Its trial was waited for, not trained twice at once.
    assert 1.0 < time.monotonic() - begin < 30.0


def test_a_trial_that_died_before_it_said_whose_it_is(problem, training, storage, monkeypatch):
    monkeypatch.setattr(_recovery, "_MOMENT", 0.0)
    search(problem, storage, trials=2)
    _leave_running(storage, None)
    assert len(search(problem, storage, trials=3).trials) == 3


def _leave_running(storage, worker):
    study = load(storage)
    trial = study.ask()
    if worker is not None:
        trial.set_user_attr("multiloss:worker", worker)
    return study, trial


def test_this_process_is_alive():
    assert this_worker()["process"] == os.getpid()
    assert this_worker()["started"] == pytest.approx(this_worker()["started"], abs=2.0)


@pytest.mark.parametrize(
    ("changed", "gone"),
    [
        ({}, False),
        ({"started": 3600.0}, False),  # the clock was set, and this system counts from the machine's start
        ({"since_boot": 3600.0}, False),  # the clock was set, and this system remembers the time of day
        ({"started": 3600.0, "since_boot": 3600.0}, True),  # another process with the same number
    ],
)
def test_a_clock_that_is_set_ends_no_process(problem, training, storage, changed, gone):
    search(problem, storage, trials=2)
    worker = this_worker()
    _leave_running(storage, {**worker, **{key: worker[key] + moved for key, moved in changed.items()}})
    study = load(storage)
    requeue_lost_trials(study)
    states = [trial.state.name for trial in study.trials]
    assert states[2:] == (["FAIL", "WAITING"] if gone else ["RUNNING"])


def test_a_killed_search_loses_at_most_one_trial(problem, training, storage, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(folder=str(Path(__file__).parent), storage=storage), encoding="utf-8")
    process = subprocess.Popen([sys.executable, str(program)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(lambda: _finished(storage) >= 4, process)
    finally:
        process.kill()  # SIGKILL: it cannot clean up
        process.wait()
    before = [trial for trial in load(storage).trials if trial.state.is_finished()]
    tuning = search(problem, storage, trials=12)
    after = load(storage).trials
    lost = [trial for trial in after if trial.state is optuna.trial.TrialState.FAIL]
    assert len(lost) <= 1
    assert [trial.values for trial in after[: len(before)]] == [trial.values for trial in before]
    assert len(training.weights) == 12 - len(before)
    assert len(tuning.trials) == 12
    points = [tuple(trial.candidate.weights.values()) for trial in tuning.trials]
    assert len(set(points)) == 12


def _finished(storage):
    try:
        return sum(trial.state.is_finished() for trial in load(storage).trials)
    except Exception:
        # The file, its tables or the study are not there yet.
        return 0


def _wait_for(condition, process, seconds=120.0):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the process ended by itself"
        assert time.monotonic() < end, "the process did nothing"
        time.sleep(0.1)

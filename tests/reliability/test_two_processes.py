"""Two processes in one folder: each run is trained once, and both reports are that of a single process."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import tiny_problem
from stored_files import comparison_of

from multiloss._core import optional
from multiloss._core.stored import read_checked
from multiloss.experiments import compare
from multiloss.experiments.comparison import _plan
from multiloss.experiments.runs import Locks, RunStore
from multiloss.experiments.runs._run import Run
from multiloss.experiments.runs._train import Trained

pytestmark = pytest.mark.one_backend


def test_two_commands_give_the_same_report(tmp_path):
    problem = f"{Path(__file__).with_name('tiny_problem.py')}:problem"
    options = ["--balancers", "fixed,mgda", "--epochs", "2", "--seeds", "2", "--tuned-trials", "2", "--json"]
    command = [sys.executable, "-m", "multiloss", "compare", problem, *options]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    processes = [
        subprocess.Popen([*command, "--out", str(tmp_path / "out")], env=environment, text=True, stdout=-1, stderr=-1)
        for _ in range(2)
    ]
    ended = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], [errors for _, errors in ended]
    one, other = (json.loads(out) for out, _ in ended)
    for document in (one, other):
        assert document.pop("provenance")  # which runs were the other's
        for run in document["runs"]:
            del run["stored"]
    assert one == other
    # Six runs: what one trained, the other took.
    assert sum(errors.count("taken from an earlier run") for _, errors in ended) == 6
    kept = read_checked(tmp_path / "out" / "results.json")["runs"]
    assert [{key: entry for key, entry in run.items() if key != "stored"} for run in kept] == one["runs"]


@pytest.fixture
def training(monkeypatch):
    """Runs that take no training: what was trained, by whom."""
    trained = []

    def train(problem, initial, label, balancer, **options):
        trained.append((label, initial.seed))
        hold = options["report"]
        hold(1)
        metrics = {"a_mae": float(len(label) + initial.seed)}
        error = "ValueError: no" if label == "mgda" else None
        return Trained(Run(label, initial.seed, metrics, seconds=float(len(trained)), error=error), {})

    monkeypatch.setattr(_plan, "train", train)
    return trained


def test_what_another_process_is_at_comes_last_and_its_result_is_taken(tmp_path, training):
    """Failed runs too: or the two reports would differ."""
    problem = tiny_problem.problem()
    options = {"epochs": 1, "seeds": 2, "tuned_trials": 0, "verbose": 0, "out": tmp_path}
    alone = compare(problem, "fixed,mgda", **options)
    first = [("fixed", 0), ("mgda", 0), ("fixed", 1), ("mgda", 1)]
    assert training == first
    notes, order = [], []
    locks = Locks(RunStore(tmp_path).folder)

    def hear(progress):
        if progress.note and "Another process" in progress.note:
            notes.append(progress.note)
            release.set()
        if progress.result:
            order.append((progress.balancer, progress.seed))

    held, release = threading.Event(), threading.Event()

    def another():
        with locks.claim(RunStore.name("mgda", 0)) as mine:
            assert mine
            held.set()
            release.wait(60)

    thread = threading.Thread(target=another)
    thread.start()
    held.wait(60)
    again = compare(problem, "fixed,mgda", **options, on_progress=hear)
    thread.join()
    assert order == [("fixed", 0), ("fixed", 1), ("mgda", 1), ("mgda", 0)]
    assert training == [*first, ("mgda", 1)]  # failed before, by nobody who is at work now
    assert [note.count(str(tmp_path)) for note in notes] == [1]
    assert [(run.balancer, run.seed) for run in again.runs] == first
    assert [run.seconds for run in again.runs][:3] == [run.seconds for run in alone.runs][:3]


def test_the_time_of_the_baseline_is_waited_for(tmp_path):
    """With a budget of time a run is ready when its baseline is."""
    done = []
    for job, _ in Locks(None).share(["b", "base", "c"], str, lambda job: job == "base" or "base" in done, lambda: None):
        done.append(job)
    assert done == ["base", "c", "b"]


def test_without_filelock(tmp_path, monkeypatch):
    """A clear error on use, before anything is trained; and none without a folder."""
    monkeypatch.setitem(sys.modules, "filelock", None)
    with pytest.raises(ImportError, match=r"'filelock' is needed .*pip install 'multiloss\[compare\]'"):
        compare(tiny_problem.problem(), "fixed", epochs=1, seeds=1, tuned_trials=0, verbose=0, out=tmp_path)
    assert not any(tmp_path.iterdir())
    with Locks(None).claim("anything") as mine:
        assert mine
    assert optional.require("json", extra="compare", purpose="this")


def test_a_disk_without_room_for_locks_costs_nothing(tmp_path):
    (tmp_path / "runs").write_text("a file in the place of the folder")
    with Locks(tmp_path / "runs").claim("run") as mine:
        assert mine
    assert comparison_of(1).runs

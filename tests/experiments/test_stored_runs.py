"""A stored run answers the same question and no other; what is taken, and what is trained anew and why, is said."""

import csv
import json
from dataclasses import replace

import keras
import numpy as np
import pytest

import multiloss as ml
from multiloss.experiments import Comparison, Run, compare
from multiloss.experiments.comparison import _plan
from multiloss.experiments.runs import Trained

pytestmark = pytest.mark.one_backend


@pytest.fixture
def trained(monkeypatch):
    """The labels and seeds that are trained; a training gives a number that no other one gave."""
    found = []

    def train(problem, initial, label, balancer, **options):
        found.append((label, initial.seed))
        metrics = {name: float(len(found)) for name in problem.score}
        return Trained(Run(label, initial.seed, metrics, seconds=0.5), {"size": np.ones((2, 1))})

    monkeypatch.setattr(_plan, "train", train)
    return found


@pytest.fixture
def ask(make_problem, tmp_path, trained):
    """Calls `compare` in one folder; gives the result and the lines that a person reads."""

    def asked(balancers=None, **changes):
        lines = []
        found = compare(
            make_problem(**changes),
            balancers or {"fixed": None, "uncertainty": "uncertainty"},
            epochs=1,
            seeds=2,
            tuned_trials=0,
            out=tmp_path,
            on_progress=lambda progress: lines.append(str(progress)) if progress.is_news else None,
            verbose=0,
        )
        return found, lines

    return asked


def with_other_head(activation):
    def build():
        x = keras.Input((4,))
        shared = keras.layers.Dense(6, activation=activation)(x)
        return keras.Model(x, {"size": keras.layers.Dense(1)(shared), "kind": keras.layers.Dense(3)(shared)})

    return build


def mended(data, row):
    x, y = data
    kind = y["kind"].copy()
    kind[row] = (kind[row] + 1) % 3
    return x, {**y, "kind": kind}


def test_the_same_question_is_answered_from_the_folder(ask, trained):
    first, _ = ask()
    second, lines = ask()
    assert len(trained) == 4
    assert [run.metrics for run in second.runs] == [run.metrics for run in first.runs]
    assert [run.stored for run in first.runs] == [False] * 4
    assert [run.stored for run in second.runs] == [True] * 4
    assert sum("taken from an earlier run" in line for line in lines) == 4
    assert second.provenance == [
        "4 runs of 4 were taken from an earlier call, in which everything that a run depends on was the same: fixed "
        "seeds 0 1, uncertainty seeds 0 1."
    ]
    third, _ = ask()
    assert [run.stored for run in third.runs] == [True] * 4


@pytest.mark.parametrize("where", ["train", "validation"])
def test_a_mended_label_is_another_question(ask, trained, make_problem, where):
    ask()
    found, lines = ask(**{where: mended(getattr(make_problem(), where), row=17)})
    assert len(trained) == 8
    assert not [run for run in found.runs if run.stored]
    assert {run.metrics["size_mae"] for run in found.runs} == {5.0, 6.0, 7.0, 8.0}
    part = {"train": "training data", "validation": "validation data"}[where]
    assert lines[-1] == f"[4/4] uncertainty, seed 1: 0.5 s (trained anew: changed since: {part})"
    assert found.provenance == [
        "Trained anew although an earlier run was there: fixed seeds 0 1, uncertainty seeds 0 1 (changed since: "
        f"{part})."
    ]
    # The first question is still answered.
    assert all(run.stored for run in ask()[0].runs)


def test_another_activation_is_another_question(ask, trained):
    ask(build_model=with_other_head("relu"))
    assert all(run.stored for run in ask(build_model=with_other_head("relu"))[0].runs)
    found, _ = ask(build_model=with_other_head("gelu"))
    assert len(trained) == 8
    assert found.runs[0].anew == "changed since: build_model and model"


def test_another_loss_argument_is_another_question(ask, trained):
    def loss(delta):
        return {"size": keras.losses.Huber(delta), "kind": "sparse_categorical_crossentropy"}

    ask(loss=loss(1.0))
    assert all(run.stored for run in ask(loss=loss(1.0))[0].runs)
    assert ask(loss=loss(2.0))[0].runs[0].anew == "changed since: losses"


def test_another_contender_leaves_the_others_alone(ask, trained):
    contenders = {"fixed": None, "own": ml.aggregation.CAGrad(c=0.4)}
    ask(contenders)
    found, _ = ask({**contenders, "own": ml.aggregation.CAGrad(c=0.5)})
    assert [(run.balancer, run.stored) for run in found.runs] == [("fixed", True), ("own", False)] * 2
    assert found.runs[1].anew == "changed since: balancer"


class Noisy(keras.utils.PyDataset):
    """Gives other batches each time."""

    def __init__(self, data, version=None):
        super().__init__()
        self.data = data
        if version is not None:
            self.fingerprint = version

    def __len__(self):
        return 1

    def __getitem__(self, index):
        x, y = self.data
        return x + np.random.default_rng().normal(size=x.shape), y


def test_what_cannot_be_read_is_never_reused_and_the_report_says_why(ask, trained, make_problem, tmp_path):
    noisy = Noisy(make_problem().train)
    ask(train=noisy)
    found, lines = ask(train=noisy)
    assert len(trained) == 8
    assert not [run for run in found.runs if run.stored or run.settings]
    note = (
        "All runs are trained anew each time, since what they depend on cannot be read in full: training data is a "
        "Noisy that gives something else each time it is read. An attribute or method `fingerprint` of such an object, "
        "a text that says what it holds, makes it known."
    )
    assert note in lines
    assert note in found.settings["notes"]
    assert found.runs[0].anew == "what it depends on cannot be read in full"
    assert not list((tmp_path / "runs").glob("[!.]*")) if (tmp_path / "runs").is_dir() else True


def test_a_fingerprint_of_the_user_s_makes_it_known(ask, trained, make_problem):
    data = make_problem().train
    ask(train=Noisy(data, "first"))
    assert all(run.stored for run in ask(train=Noisy(data, "first"))[0].runs)
    assert not any(run.stored for run in ask(train=Noisy(data, "second"))[0].runs)


def test_where_runs_come_from_is_in_every_file(ask, tmp_path):
    ask()
    found, _ = ask()
    document = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [run["stored"] for run in document["runs"]] == [True] * 4
    assert document["provenance"] == found.provenance
    assert Comparison.load(tmp_path).provenance == found.provenance
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8") as file:
        assert [row["stored"] for row in csv.DictReader(file)] == ["True"] * 4


def test_the_report_says_where_runs_come_from(ask, tmp_path):
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from multiloss.reporting._comparison_page import render_comparison

    first, _ = ask()
    assert "earlier call" not in render_comparison(first, [])
    page = render_comparison(ask()[0], [])
    assert "4 runs of 4 were taken from an earlier call" in page
    assert page.count("<small>earlier call</small>") == 4


def test_without_a_folder_data_are_not_read(make_problem, trained):
    class Unread(Noisy):
        read = 0

        def __getitem__(self, index):
            type(self).read += 1
            return self.data

    data = Unread(make_problem().train)
    found = compare(make_problem(train=data), {"fixed": None}, epochs=1, seeds=1, tuned_trials=0, verbose=0)
    assert Unread.read == 0
    assert found.runs[0].settings == ""


def test_runs_of_an_earlier_release_are_left_aside(ask, tmp_path):
    found, _ = ask()
    replace(found, runs=[replace(run, parts={}, settings="old") for run in found.runs]).save(tmp_path)
    for path in (tmp_path / "runs").glob("*"):
        path.unlink()
    assert ask()[0].runs[0].anew == "by an earlier release"

"""The baseline of tuned fixed weights."""

import pytest

from multiloss.experiments import Contender, _tuned, compare
from multiloss.experiments._tuned import SEED

pytestmark = pytest.mark.one_backend

optuna = pytest.importorskip("optuna", reason="Optuna is not installed")


@pytest.fixture(scope="module")
def tuned(make_problem, tmp_path_factory):
    folder, seen = tmp_path_factory.mktemp("tuned"), []
    found = compare(
        make_problem(),
        {"fixed": None},
        epochs=1,
        seeds=1,
        tuned_trials=3,
        out=folder,
        on_progress=seen.append,
        verbose=0,
    )
    return found, folder, seen


def test_tuned_weights_stand_beside_the_others(tuned):
    found, _, seen = tuned
    assert found.balancers == ["fixed", "tuned"]
    weights = found.settings["balancers"]["tuned"]["loss_weights"]
    assert set(weights) == {"size", "kind"}
    run = next(run for run in found.runs if run.balancer == "tuned")
    assert run.history["size_weight"] == pytest.approx([weights["size"]], rel=1e-5)
    assert found.settings["notes"][-1].startswith("The weights of 'tuned' were found by 3 trials of 1 epochs")
    notes = [str(entry) for entry in seen if entry.note]
    assert notes[0] == (
        "2 trainings: 2 contenders, 1 seed each, 1 epoch a training; before them 3 trials of fixed weights (tuned)."
    )
    assert notes[1].startswith("Fixed weights found: ")
    assert [entry.run for entry in seen if entry.result] == [4, 5]
    assert {entry.num_runs for entry in seen if entry.result} == {5}


def test_the_search_starts_from_a_seed_of_its_own(tuned):
    assert SEED not in {run.seed for run in tuned[0].runs}


def test_the_search_is_not_repeated(tuned, make_problem, as_trained):
    found, folder, _ = tuned
    stored = []
    again = compare(
        make_problem(),
        {"fixed": None},
        epochs=1,
        seeds=1,
        tuned_trials=3,
        out=folder,
        on_progress=stored.append,
        verbose=0,
    )
    assert all(entry.stored for entry in stored if entry.result)
    assert not [entry for entry in stored if entry.balancer == "trial of fixed weights"]
    assert as_trained(again) == as_trained(found)


def test_a_stopped_search_goes_on(tuned, make_problem):
    """Without the found weights the finished trials are still there: none is trained again."""
    found, folder, _ = tuned
    for path in folder.glob("tuning-*/weights.json"):
        path.unlink()
    trials = []
    again = compare(
        make_problem(),
        {"fixed": None},
        epochs=1,
        seeds=1,
        tuned_trials=3,
        out=folder,
        on_progress=lambda entry: trials.append(entry.done) if entry.balancer == "trial of fixed weights" else None,
        verbose=0,
    )
    assert not any(0.0 < done < 1.0 for done in trials)
    assert again.settings["balancers"] == found.settings["balancers"]
    assert [run.metrics for run in again.runs] == [run.metrics for run in found.runs]


def test_the_user_s_own_tuned_weights_take_its_place(make_problem):
    found = compare(
        make_problem(), {"fixed": None, "tuned": Contender(None, {"size": 0.01})}, epochs=1, seeds=1, verbose=0
    )
    assert found.settings["balancers"]["tuned"]["loss_weights"] == {"size": 0.01}
    assert found.settings["notes"] == []


def test_without_optuna_the_comparison_goes_on_and_says_so(make_problem, monkeypatch, capsys):
    monkeypatch.setattr(_tuned, "_optuna_is_there", lambda: False)
    found = compare(make_problem(), {"fixed": None, "plain": None}, epochs=1, seeds=1)
    assert found.balancers == ["fixed", "plain"]
    note = "Without the baseline of tuned fixed weights: Optuna is not installed (pip install 'multiloss[tune]')."
    assert found.settings["notes"] == [note]
    assert note in capsys.readouterr().err


def test_trials_that_are_asked_for_need_optuna(make_problem, monkeypatch):
    def absent(*arguments, **options):
        raise ImportError("pip install 'multiloss[tune]'")

    monkeypatch.setattr(_tuned, "require", absent)
    with pytest.raises(ImportError, match=r"multiloss\[tune\]"):
        compare(make_problem(), {"fixed": None}, tuned_trials=2, verbose=0)


def test_a_single_term_is_not_tuned(make_problem):
    problem = make_problem(loss={"size": "mse"}, metrics={"size": ["mae"]}, score={"size_mae": "min"})
    found = compare(problem, {"fixed": None, "plain": None}, epochs=1, seeds=1, verbose=0)
    assert "tuned" not in found.balancers

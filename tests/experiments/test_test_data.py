"""Test data: runs are judged by them, and nothing is chosen on them."""

from dataclasses import replace

import numpy as np
import pytest

import multiloss as ml
from multiloss.experiments import compare

OPTIONS = {"epochs": 2, "seeds": 1, "tuned_trials": 0, "verbose": 0}


@pytest.fixture
def tested(make_problem):
    """A problem whose test data are another part of what its training data are from."""
    problem = make_problem()
    x, y = problem.train
    held_out = x[-20:], {name: target[-20:] for name, target in y.items()}
    train = x[:-20], {name: target[:-20] for name, target in y.items()}
    return replace(problem, train=train, test=held_out)


@pytest.mark.parametrize("weighted", [False, pytest.param(True, marks=pytest.mark.one_backend)])
def test_runs_are_judged_by_the_test_data(tested, weighted):
    """What is validated does not move the training: the same run, validated on the test data, ends with these."""
    if weighted:
        weights = {name: np.linspace(0.5, 2.0, 20, dtype="float32") for name in ("size", "kind")}
        tested = replace(tested, test=(*tested.test, weights))
    found = compare(tested, {"fixed": None}, **OPTIONS).runs[0]
    other = compare(replace(tested, validation=tested.test, test=None), {"fixed": None}, **OPTIONS).runs[0]
    assert found.metrics.keys() == other.metrics.keys()
    assert all(found.metrics[name] == pytest.approx(other.metrics[name], rel=1e-5) for name in other.metrics)
    assert found.history["val_size_mae"][-1] != pytest.approx(found.metrics["size_mae"])


@pytest.mark.one_backend
def test_other_test_data_are_another_question(tested, tmp_path):
    compare(tested, {"fixed": None}, out=tmp_path, **OPTIONS)
    assert compare(tested, {"fixed": None}, out=tmp_path, **OPTIONS).runs[0].stored
    x, y = tested.test
    (run,) = compare(replace(tested, test=(x + 1.0, y)), {"fixed": None}, out=tmp_path, **OPTIONS).runs
    assert not run.stored
    assert "test data" in run.anew
    without = compare(replace(tested, test=None), {"fixed": None}, **OPTIONS)
    assert (without.settings["judged_on"], without.runs[0].metrics != run.metrics) == ("validation data", True)


@pytest.mark.one_backend
def test_trials_never_see_them(tested, tmp_path):
    options = {"trials": 2, "epochs": 1, "verbose": 0, "storage": tmp_path / "tune.db"}
    first = ml.tune(tested, confirm_seeds=0, **options)
    again = ml.tune(replace(tested, test=None), confirm_seeds=0, **options)
    assert again.settings["earlier_trials"] == 2
    assert [trial.metrics for trial in again.trials] == [trial.metrics for trial in first.trials]
    broken = (tested.test[0] * np.nan, tested.test[1])
    third = ml.tune(replace(tested, test=broken), confirm_seeds=0, **options)
    assert [trial.error for trial in third.trials] == [None, None]


@pytest.mark.one_backend
def test_the_confirmation_is_judged_by_them(tested, tmp_path):
    options = {"trials": 2, "epochs": 1, "verbose": 0, "confirm_seeds": 1, "storage": tmp_path / "tune.db"}
    tuning = ml.tune(tested, **options)
    if tuning.best.role == tuning.baseline:
        pytest.skip("equal weights were the best of two")
    x, y = tested.test
    assert tuning.confirmation.settings["judged_on"] == "test data"
    assert ml.tune(tested, **options).confirmation.runs[0].stored
    other = ml.tune(replace(tested, test=(x + 1.0, y)), **options).confirmation
    assert not other.runs[0].stored
    assert other.runs[0].metrics != tuning.confirmation.runs[0].metrics


@pytest.mark.one_backend
def test_they_are_data_of_their_own(tested):
    with pytest.raises(ValueError, match="`test` must be data of its own"):
        replace(tested, test=tested.validation)
    with pytest.raises(ValueError, match="All arrays of `test` must have one length"):
        replace(tested, test=(tested.test[0], {"size": np.ones((3, 1))}))

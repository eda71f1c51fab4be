"""`compare` from end to end, on a model of a few dozen weights."""

from dataclasses import replace

import numpy as np
import pytest

import multiloss as ml
from multiloss._core.stored import read_checked
from multiloss.aggregation import PCGrad
from multiloss.experiments import Comparison, compare
from multiloss.experiments.runs import InitialModel, judged
from multiloss.experiments.runs._batches import SeededBatches
from multiloss.training import evaluation_log_names


@pytest.fixture(scope="module")
def kept(make_problem, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    seen = []
    found = compare(
        make_problem(),
        {"fixed": "fixed", "plain": None, "pcgrad": PCGrad()},
        epochs=2,
        seeds=1,
        out=folder,
        tuned_trials=0,
        on_progress=seen.append,
        verbose=0,
    )
    return found, folder, seen


def run_of(comparison, balancer):
    return next(run for run in comparison.runs if run.balancer == balancer)


def test_runs_start_from_the_same_weights(kept):
    found, _, _ = kept
    assert len({run.initial_weights for run in found.runs}) == 1


def test_two_names_for_the_same_training_give_the_same_result(kept):
    """Weights of ones are the same training as none, provided that start, order and dropout are the same."""
    found, _, _ = kept
    fixed, plain = run_of(found, "fixed"), run_of(found, "plain")
    for log in ("size_loss", "kind_loss", "val_loss", "val_size_mae"):
        np.testing.assert_allclose(plain.history[log], fixed.history[log], rtol=1e-5)
    assert run_of(found, "pcgrad").history["size_loss"] != fixed.history["size_loss"]


def test_what_is_recorded(kept):
    found, _, _ = kept
    assert [run.error for run in found.runs] == [None] * 3
    for run in found.runs:
        assert {"size_mae", "kind_accuracy", "loss"} <= set(run.metrics)
        assert run.metrics["size_mae"] == run.history["val_size_mae"][-1]
        assert {"size_loss", "size_weight", "kind_loss", "val_kind_loss"} <= set(run.history)
        assert all(len(values) == 2 for values in run.history.values())
        assert 0.0 < run.seconds_per_step < run.seconds
    assert sorted(found.terms) == ["kind", "size"]
    assert found.settings["epochs"] == 2
    assert found.settings["balancers"]["pcgrad"]["needs"] == "gramian"


def test_improvement_is_that_of_the_metrics(kept):
    found, _, _ = kept
    base, own = run_of(found, "fixed").metrics, run_of(found, "pcgrad").metrics
    changes = [(base["size_mae"] - own["size_mae"]) / base["size_mae"]]
    if base["kind_accuracy"]:
        changes.append((own["kind_accuracy"] - base["kind_accuracy"]) / base["kind_accuracy"])
    assert run_of(found, "pcgrad").improvement == pytest.approx(np.mean(changes))


def test_samples_are_kept_for_drawing(kept):
    samples = kept[0].samples
    assert set(samples.predictions) == {"fixed", "plain", "pcgrad"}
    assert samples.targets["size"].shape == samples.predictions["fixed"]["size"].shape
    assert samples.predictions["fixed"]["kind"].shape == (20, 3)
    np.testing.assert_allclose(samples.predictions["plain"]["size"], samples.predictions["fixed"]["size"], rtol=1e-4)


def test_results_are_on_disk(kept):
    found, folder, _ = kept
    assert read_checked(folder / "results.json") == found.to_dict()
    assert Comparison.load(folder).summary == found.summary


def test_progress_tells_every_epoch(kept):
    _, _, seen = kept
    ended = [entry for entry in seen if entry.result is not None]
    assert [(entry.balancer, entry.run, entry.num_runs) for entry in ended] == [
        ("fixed", 1, 3),
        ("plain", 2, 3),
        ("pcgrad", 3, 3),
    ]
    assert [entry.done for entry in seen if entry.run == 1] == [0.0, 0.5, 1.0, 1.0]
    assert str(seen[0]) == "3 trainings: 3 contenders, 1 seed each, 2 epochs a training."


def test_finished_runs_are_not_repeated(make_problem, equal, trainings, as_trained, tmp_path):
    stopped_after = []

    def stop(progress):
        stopped_after.append(progress)
        if progress.result is not None:
            raise KeyboardInterrupt

    arguments = {"balancers": {"fixed": equal}, "epochs": 1, "out": tmp_path, "verbose": 0}
    with pytest.raises(KeyboardInterrupt):
        compare(make_problem(), seeds=2, on_progress=stop, **arguments)
    assert len(trainings) == 1

    stored = []
    found = compare(
        make_problem(), seeds=2, on_progress=lambda p: stored.append(p.stored) if p.result else None, **arguments
    )
    assert len(trainings) == 2
    assert stored == [True, False]
    assert [run.seed for run in found.runs] == [0, 1]
    assert found.samples.predictions["fixed"]["size"].shape == (20, 1)

    again = compare(make_problem(), seeds=2, **arguments)
    assert len(trainings) == 2
    assert as_trained(again) == as_trained(found)
    # Other settings are another question.
    compare(make_problem(batch_size=8), seeds=1, **arguments)
    assert len(trainings) == 3


def test_a_failing_run_is_recorded_and_the_rest_goes_on(make_problem, equal, not_finite):
    """And data may come as a data set, from whose first batch the samples for drawing are taken."""
    arrays = make_problem()
    problem = make_problem(
        train=SeededBatches(arrays.train, 16, seed=0), validation=SeededBatches(arrays.validation, 10, seed=0)
    )
    found = compare(problem, {"broken": not_finite, "fixed": equal}, epochs=1, seeds=1, tuned_trials=0, verbose=0)
    broken, fixed = found.runs
    assert "finite" in broken.error
    assert broken.improvement is None
    assert fixed.error is None
    assert found.samples.predictions["fixed"]["size"].shape == (10, 1)
    assert [entry.verdict for entry in found.summary] == ["baseline", "failed"]


@pytest.mark.parametrize("dataset", [False, True])
def test_an_unknown_score_is_refused_before_anything_is_trained(make_problem, monkeypatch, dataset):
    monkeypatch.setattr(ml.MultiLossModel, "fit", None)
    problem = make_problem(score={"size_mae": "min", "size_mea": "min"})
    if dataset:
        problem = replace(problem, validation=SeededBatches(problem.validation, 8, 0))
    with pytest.raises(ValueError, match=r"Unknown score metric 'size_mea'.*Did you mean 'size_mae'"):
        compare(problem, ["fixed"], epochs=3, seeds=1, verbose=0)


def test_the_logs_of_an_evaluation_are_known_without_one(make_problem):
    problem = make_problem()
    trainer = ml.compile(problem.new_model(0), "sgd", loss=problem.loss, metrics=problem.metrics)
    x, y = problem.validation
    names = evaluation_log_names(trainer, x, y)
    assert set(names) == set(trainer.evaluate(x, y, verbose=0, return_dict=True))


def test_validation_data_that_can_be_read_once_are_left_alone(make_problem):
    problem = make_problem(score={"size_mea": "min"})
    batches = iter([problem.validation])
    judged(replace(problem, validation=batches), InitialModel(problem, 0))
    assert next(batches) is problem.validation


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "`epochs`"),
        ({"seeds": 0}, "`seeds`"),
        ({"seeds": [1, 1]}, "`seeds`"),
        ({"balancers": ["nothing"]}, "Unknown balancer"),
    ],
)
def test_wrong_arguments(make_problem, arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(make_problem(), **arguments)


def test_something_else_than_a_problem():
    with pytest.raises(ValueError, match=r"multiloss\.Problem"):
        compare({"name": "tiny"})


def test_out_must_be_a_folder(make_problem, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="folder"):
        compare(make_problem(), out=tmp_path / "file")


def test_scales_that_await_a_pass_are_measured(make_problem):
    """Over the training data, before the first step: the same for every contender."""
    problem = make_problem(loss={"size": ml.Term("mse", scale="calibrated"), "kind": "sparse_categorical_crossentropy"})
    found = compare(problem, {"fixed": None, "again": None}, epochs=1, seeds=1, tuned_trials=0, verbose=0)
    weights = [run.history["size_weight"] for run in found.runs]
    assert [run.error for run in found.runs] == [None, None]
    assert weights[0] == weights[1]
    x, y = problem.train
    predicted = InitialModel(problem, 0).model().predict(x, verbose=0)["size"]
    squares = np.square(predicted - y["size"])
    batches = [np.mean(squares[first : first + problem.batch_size]) for first in range(0, len(x), problem.batch_size)]
    assert 1.0 / weights[0][0] == pytest.approx(np.mean(batches), rel=1e-4)

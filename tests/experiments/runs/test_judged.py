"""Scores of bounded metrics: the ideal that Keras's metrics have, and metrics beyond the one that was said."""

import inspect
from dataclasses import replace

import keras
import numpy as np
import pytest

import multiloss as ml
from multiloss.experiments import compare
from multiloss.experiments.runs import InitialModel, judged
from multiloss.training import metrics_up_to_one

pytestmark = pytest.mark.one_backend

ARGUMENTS = {
    "IoU": {"num_classes": 2, "target_class_ids": [0, 1]},
    "MeanIoU": {"num_classes": 2},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0, 1]},
    "OneHotMeanIoU": {"num_classes": 2},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SparseTopKCategoricalAccuracy": {"k": 1},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "TopKCategoricalAccuracy": {"k": 1},
}


def metric_classes():
    found = vars(keras.metrics).values()
    own = {c for c in found if inspect.isclass(c) and issubclass(c, keras.metrics.Metric)}
    wrappers = {"Mean", "MeanMetricWrapper", "Metric", "Sum"}
    return sorted((c for c in own if c.__name__ not in wrappers), key=lambda c: c.__name__)


@pytest.mark.parametrize("kind", metric_classes(), ids=lambda kind: kind.__name__)
def test_where_keras_says_that_higher_is_better_perfect_predictions_have_one(kind):
    inputs = keras.Input((2,))
    metric = kind(**ARGUMENTS.get(kind.__name__, {}))
    trainer = ml.compile(keras.Model(inputs, keras.layers.Dense(2)(inputs)), "sgd", loss="mse", metrics=[metric])
    if metric.name not in metrics_up_to_one(trainer):
        pytest.skip("Keras does not say it of this one")
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], "float32")
    sparse, one_column = "Sparse" in kind.__name__, kind.__name__ in ("MeanIoU", "IoU")
    truth = np.array([[0], [1], [0], [1]], "float32") if sparse else rows[:, :1] if one_column else rows
    metric.update_state(truth, rows[:, :1] if one_column else rows)
    assert np.allclose(keras.ops.convert_to_numpy(metric.result()), 1.0, atol=1e-4)


@pytest.fixture
def rated(make_problem):
    metrics = {"size": ["mae"], "kind": ["accuracy"]}
    return make_problem(metrics=metrics, score={"size_mae": "min", "kind_accuracy": "max"})


def test_accuracy_counts_as_the_part_of_the_way_to_one(rated):
    found = judged(rated, InitialModel(rated, 0)).score
    assert found == {"size_mae": ml.Score("min"), "kind_accuracy": ml.Score("max", ideal=1.0)}
    asked = replace(rated, score={"kind_accuracy": ml.Score("max", unit=0.05), "size_mae": "max"})
    assert judged(asked, InitialModel(rated, 0)).score == asked.score


def test_compare_and_tune_judge_by_it(rated):
    found = compare(
        rated, {"fixed": None, "half": ml.weighting.Fixed([1, 3])}, epochs=1, seeds=2, tuned_trials=0, verbose=0
    )
    by_seed = {(run.balancer, run.seed): run.metrics for run in found.runs}
    for seed in (0, 1):
        base, other = by_seed["fixed", seed], by_seed["half", seed]
        left = 1.0 - base["kind_accuracy"]
        expected = [(base["size_mae"] - other["size_mae"]) / base["size_mae"]]
        expected += [(other["kind_accuracy"] - base["kind_accuracy"]) / left] if left else []
        (run,) = [run for run in found.runs if (run.balancer, run.seed) == ("half", seed)]
        assert run.improvement == pytest.approx(np.mean(expected))
    loaded = type(found).from_dict(found.to_dict())
    assert loaded.score == found.score
    assert loaded.runs == found.runs
    tuning = ml.tune(rated, trials=1, epochs=1, confirm_seeds=0, verbose=0)
    assert tuning.objective.metrics["kind_accuracy"] == ml.Score("max", ideal=1.0)
    assert type(tuning).from_dict(tuning.to_dict()).objective == tuning.objective


def test_a_metric_beyond_its_ideal_is_refused_after_the_first_epoch(rated):
    wrong = replace(rated, score={"size_mae": ml.Score("min", ideal=1e6)})
    with pytest.raises(ValueError, match=r"'size_mae' takes 1e\+06 for the best value.*ideal="):
        compare(wrong, {"fixed": None}, epochs=2, seeds=1, tuned_trials=0, verbose=0)

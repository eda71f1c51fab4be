"""Metrics see exactly the labels that are there, entry by entry where they can."""

import keras
import numpy as np
import pytest
from keras import ops
from models import data, two_heads

import multiloss as ml
from multiloss.training.logs._metrics import make_metric, update

RANDOM = np.random.default_rng(0)
PREDICTED = RANDOM.uniform(0.05, 0.95, (30, 3)).astype("float32")
TARGET = RANDOM.integers(0, 2, (30, 3)).astype("float32")
SEEN = RANDOM.uniform(size=(30, 3)) < 0.6
WEIGHT = RANDOM.uniform(0.5, 2, 30).astype("float32")


def _result(metric, mask=SEEN, weight=None, target=TARGET):
    arrays = [None if a is None else ops.convert_to_tensor(a) for a in (target, PREDICTED, weight, mask)]
    update(metric, *arrays)
    return float(ops.convert_to_numpy(metric.result()))


@pytest.mark.parametrize(
    ("metric", "entry"),
    [
        ("mae", lambda t, p: np.abs(t - p)),
        ("mse", lambda t, p: np.square(t - p)),
        ("binary_accuracy", lambda t, p: (t > 0.5) == (p > 0.5)),
        ("binary_crossentropy", lambda t, p: -np.log(np.where(t > 0.5, p, 1 - p))),
    ],
)
def test_means_over_single_labelled_entries(metric, entry):
    entries = entry(TARGET, PREDICTED)[SEEN].astype("float64")
    assert _result(make_metric(metric, "out")) == pytest.approx(entries.mean(), rel=1e-4)
    weights = np.broadcast_to(WEIGHT[:, None], (30, 3))[SEEN]
    assert _result(make_metric(metric, "out"), weight=WEIGHT) == pytest.approx(
        np.average(entries, weights=weights), rel=1e-4
    )


def test_counts_over_single_labelled_entries():
    found, true = (PREDICTED > 0.5)[SEEN], (TARGET > 0.5)[SEEN]
    assert _result(keras.metrics.Precision()) == pytest.approx(true[found].mean(), rel=1e-5)
    assert _result(keras.metrics.Recall()) == pytest.approx(found[true].mean(), rel=1e-5)
    assert _result(keras.metrics.FalsePositives()) == (found & ~true).sum()
    root = np.sqrt(np.square(TARGET - PREDICTED)[SEEN].mean())
    assert _result(keras.metrics.RootMeanSquaredError()) == pytest.approx(root, rel=1e-5)


@pytest.mark.parametrize("kind", ["categorical_accuracy", "cosine_similarity"])
def test_rows_count_whole_for_what_needs_the_row(kind):
    """A class or a direction cannot be judged by some of its entries."""
    whole = SEEN.all(axis=1)
    alone = make_metric(kind, "out")
    alone.update_state(TARGET[whole], PREDICTED[whole])
    assert whole.any()
    assert _result(make_metric(kind, "out")) == pytest.approx(float(ops.convert_to_numpy(alone.result())), rel=1e-5)


def test_in_training_the_metric_agrees_with_the_loss():
    x, y = data()
    y["value"][::2, 0] = np.nan
    y["value"][1, 1] = np.nan
    loss = {"value": ml.Term("mse", missing="nan"), "label": "sparse_categorical_crossentropy"}
    model = two_heads()
    trainer = ml.compile(model, "sgd", loss=loss, metrics={"value": ["mse", "mae"]})
    expected = np.nanmean(np.abs(model.predict(x, verbose=0)["value"] - y["value"]))
    logs = trainer.evaluate(x, y, batch_size=20, verbose=0, return_dict=True)
    assert logs["value_mse"] == pytest.approx(logs["value_loss"], rel=1e-5)
    assert logs["value_mae"] == pytest.approx(expected, rel=1e-5)

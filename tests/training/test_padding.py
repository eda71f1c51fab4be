"""Padded sequences: neither losses nor metrics count the padding, with and without missing labels beside it."""

import keras
import numpy as np
import pytest

import multiloss as ml

X = np.array([[[1.0], [1.0], [0.0]]], "float32")  # the last step is padding
ENTRYWISE = {
    "mae": lambda t, p: np.abs(t - p),
    "mse": lambda t, p: (t - p) ** 2,
    "mape": lambda t, p: 100 * np.abs((t - p) / t),
    "msle": lambda t, p: np.square(np.log1p(t) - np.log1p(p)),
    "logcosh": lambda t, p: np.log(np.cosh(t - p)),
    "binary_accuracy": lambda t, p: ((p > 0.5) == (t == 1)).astype(float),
    "binary_crossentropy": lambda t, p: -t * np.log(p) - (1 - t) * np.log(1 - p),
}


def _constant(value, width=1, dtype=None):
    """A model that gives one value for every step, and the mask of its input."""
    inputs = keras.Input((None, 1))
    masked = keras.layers.Masking()(inputs)
    layer = keras.layers.Dense(
        width, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(value), name="out", dtype=dtype
    )
    return keras.Model(inputs, {"out": layer(masked)})


def _logs(model, y, loss, metrics=None, x=X, **given):
    trainer = ml.compile(model, "sgd", loss={"out": loss}, **({} if metrics is None else {"metrics": {"out": metrics}}))
    return trainer.evaluate(x, {"out": y}, verbose=0, return_dict=True, **given)


def test_the_padding_is_no_label():
    y = np.array([[[2.0], [np.nan], [90.0]]], "float32")
    logs = _logs(_constant(0.0), y, ml.Term("mae", missing="nan"), ["mae", "mse", keras.metrics.RootMeanSquaredError()])
    assert logs["loss"] == pytest.approx(2)
    assert logs["mae"] == pytest.approx(2)
    assert logs["mse"] == pytest.approx(4)
    assert logs["root_mean_squared_error"] == pytest.approx(2)


@pytest.mark.parametrize("missing", [None, "nan"])
@pytest.mark.parametrize("rank", [2, 3])
@pytest.mark.parametrize("dtype", [None, "mixed_float16"])
@pytest.mark.parametrize("metric", ENTRYWISE)
def test_every_entrywise_metric(metric, dtype, rank, missing):
    y = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]], "float32")
    if "binary" not in metric:
        y += 1
    x = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], "float32")[..., None]
    if missing:
        y[0, 1] = np.nan
    counts = (x[..., 0] > 0) & ~np.isnan(y)
    expected = ENTRYWISE[metric](y[counts], np.full(counts.sum(), 0.25))
    loss = ml.Term("mse", missing=missing)
    metrics = [keras.metrics.LogCoshError() if metric == "logcosh" else metric]  # it has no name in Keras
    logs = _logs(_constant(0.25, dtype=dtype), y[..., None] if rank == 3 else y, loss, metrics, x=x)
    assert logs[metric] == pytest.approx(expected.mean(), rel=2e-3 if dtype else 1e-4)


@pytest.mark.parametrize("missing", [None, "nan"])
def test_counts_and_ranks(missing):
    y = np.array([[[1.0], [0.0], [1.0]], [[1.0], [0.0], [0.0]]], "float32")
    x = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], "float32")[..., None]
    if missing:
        y[1, 1] = np.nan
    counts = (x > 0) & ~np.isnan(y)
    metrics = [keras.metrics.Precision(name="precision"), keras.metrics.FalsePositives(name="false")]
    logs = _logs(_constant(0.75), y, ml.Term("binary_crossentropy", missing=missing), metrics, x=x)
    assert logs["precision"] == pytest.approx(y[counts].mean())
    assert logs["false"] == (y[counts] == 0).sum()


def test_a_class_metric_and_sample_weights():
    x = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], "float32")[..., None]
    y = np.array([[0, -1, 0], [0, 2, 1]], "int32")
    counts, weight = (x[..., 0] > 0) & (y >= 0), np.array([3.0, 1.0], "float32")
    trainer = ml.compile(
        _constant([3.0, 2.0, 1.0], 3),
        "sgd",
        loss={"out": ml.Term(keras.losses.SparseCategoricalCrossentropy(from_logits=True), missing=-1)},
        metrics={"out": ["accuracy"]},
        weighted_metrics={"out": [keras.metrics.SparseCategoricalAccuracy(name="weighted")]},
    )
    logs = trainer.evaluate(x, {"out": y}, sample_weight={"out": weight}, verbose=0, return_dict=True)
    right = (y == 0)[counts]
    assert logs["accuracy"] == pytest.approx(right.mean())
    weights = np.broadcast_to(weight[:, None], y.shape)[counts]
    assert logs["weighted"] == pytest.approx(np.average(right, weights=weights))


@pytest.mark.parametrize("missing", [None, "nan"])
def test_column_terms(missing):
    y = np.array([[[2.0, 5.0], [4.0, np.nan if missing else 7.0], [90.0, 90.0]]], "float32")
    model = _constant([0.0, 1.0], 2)
    loss = {name: ml.Term("mae", column=column, missing=missing) for name, column in (("a", 0), ("b", [1]))}
    logs = _logs(model, y, loss)
    assert logs["out/a_loss"] == pytest.approx(3)
    assert logs["out/b_loss"] == pytest.approx(4 if missing else 5)


def test_a_penalty_on_the_output():
    x = np.array([[1.0, 1.0, 0.0]], "float32")[..., None]
    inputs = keras.Input((None, 1))
    layer = keras.layers.Dense(1, kernel_initializer="ones", bias_initializer="ones", name="out")
    model = keras.Model(inputs, {"out": layer(keras.layers.Masking()(inputs))})
    loss = {
        "fit": ml.Term("mse"),
        "small": ml.OutputPenalty("l1", output="out"),
        "own": ml.OutputPenalty(lambda difference: keras.ops.abs(difference)[..., 0], output="out"),
    }
    logs = _logs(model, np.zeros((1, 3, 1)), loss, x=x)
    assert logs["out/small_loss"] == logs["out/own_loss"] == pytest.approx(2)
    whole = {"small": ml.OutputPenalty(lambda difference: keras.ops.mean(difference**2), output="out")}
    with pytest.raises(ValueError, match=r"norm of term 'out/small' must give a value for each step"):
        _logs(model, np.zeros((1, 3, 1)), {"fit": ml.Term("mse"), **whole}, x=x)


def test_training_counts_as_evaluation_does():
    y = np.array([[[2.0], [np.nan], [90.0]]], "float32")
    trainer = ml.compile(
        _constant(0.0), keras.optimizers.SGD(0.0), loss={"out": ml.Term("mse", missing="nan")}, metrics={"out": ["mae"]}
    )
    history = trainer.fit(X, {"out": y}, verbose=0).history
    assert history["mae"] == pytest.approx([2.0])
    assert history["loss"] == pytest.approx([4.0])

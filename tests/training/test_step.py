"""One step against a NumPy network with explicit gradients for each term: the same numbers on every backend."""

import keras
import numpy as np
import pytest
from models import data, losses, two_heads

import multiloss as ml

RATE = 0.1
USER = {"value": 3.0, "label": 0.5}


def _numpy_gradients(model, x, y):
    """Losses and per-term gradients of the two-headed network, by hand."""
    weights = {variable.path: np.float64(keras.ops.convert_to_numpy(variable)) for variable in model.weights}
    hidden = np.tanh(x @ weights["trunk/kernel"] + weights["trunk/bias"])
    value = hidden @ weights["value_head/kernel"] + weights["value_head/bias"]
    logits = hidden @ weights["label_head/kernel"] + weights["label_head/bias"]
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    samples = len(x)
    one_hot = np.eye(3)[y["label"]]
    results = {
        "value": ((value - y["value"]) ** 2).mean(),
        "label": -np.log(probabilities[np.arange(samples), y["label"]]).mean(),
    }
    deltas = {"value": 2 * (value - y["value"]) / value.size, "label": (probabilities - one_hot) / samples}
    gradients = {}
    for name, delta in deltas.items():
        back = (delta @ weights[f"{name}_head/kernel"].T) * (1 - hidden**2)
        gradients[name] = {
            f"{name}_head/kernel": hidden.T @ delta,
            f"{name}_head/bias": delta.sum(0),
            "trunk/kernel": x.T @ back,
            "trunk/bias": back.sum(0),
        }
    return results, gradients, weights


def _min_norm_pair(first, second):
    """The closed form of MGDA for two gradients."""
    difference = first - second
    share = np.clip((second @ (second - first)) / (difference @ difference), 0, 1)
    return np.array([share, 1 - share])


def _flat(gradients):
    return np.concatenate([gradients["trunk/kernel"].ravel(), gradients["trunk/bias"].ravel()])


@pytest.mark.parametrize("heads", ["unweighted", "weighted"])
def test_mgda_step_equals_numpy(heads):
    x, y = data()
    model = two_heads()
    values, gradients, before = _numpy_gradients(model, x, y)
    rows = [USER[name] * _flat(gradients[name]) for name in ("value", "label")]
    balance = 2 * _min_norm_pair(*rows)
    expected = {}
    for path, weight in before.items():
        total = 0.0
        for share, name in zip(balance, ("value", "label"), strict=True):
            factor = USER[name] * (share if path.startswith("trunk") or heads == "weighted" else 1.0)
            total = total + factor * gradients[name].get(path, 0.0)
        expected[path] = weight - RATE * total

    trainer = ml.compile(
        model,
        keras.optimizers.SGD(RATE),
        loss=losses(),
        loss_weights=USER,
        balancer=ml.aggregation.MGDA(heads=heads),
    )
    logs = trainer.train_on_batch(x, y, return_dict=True)
    for variable in model.weights:
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), expected[variable.path], atol=1e-5)
    for share, name in zip(balance, ("value", "label"), strict=True):
        assert logs[f"{name}_loss"] == pytest.approx(values[name], rel=1e-5)
        assert logs[f"{name}_weight"] == pytest.approx(USER[name] * share, rel=1e-4)


@pytest.mark.parametrize("balancer", [None, "uncertainty", "pcgrad", "mgda", "upgrad"])
def test_loss_is_the_weighted_sum_of_the_logs_in_every_step(balancer):
    x, y = data()
    y["value"][::5] = np.nan
    terms = {
        "value": ml.Term("mse", missing="nan", scale="running_mean"),
        "label": "sparse_categorical_crossentropy",
        "small": ml.WeightPenalty("l2"),
        "near_one": ml.OutputPenalty("l1", output="value", target_value=1.0),
    }
    model = two_heads(regularizer="l2")
    trainer = ml.compile(model, "adam", loss=terms, loss_weights={"value": 2.0, "small": 0.1}, balancer=balancer)
    for step in range(6):
        batch = slice(8 * step, 8 * step + 8)
        logs = trainer.train_on_batch(x[batch], {name: target[batch] for name, target in y.items()}, return_dict=True)
        total = sum(logs[f"{name}_weight"] * logs[f"{name}_loss"] for name in trainer.terms)
        assert logs["loss"] == pytest.approx(total, rel=1e-5)
        weights = [logs[f"{name}_weight"] for name in trainer.terms]
        assert all(np.isfinite(weights))


def test_equal_weights_and_no_balancer_are_the_same_training():
    x, y = data()
    results = []
    for balancer in (None, "fixed", ml.weighting.Fixed([1.0, 1.0])):
        model = two_heads()
        trainer = ml.compile(model, "adam", loss=losses(), balancer=balancer)
        trainer.fit(x, y, epochs=2, batch_size=16, shuffle=False, verbose=0)
        results.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_missing_batch_gives_zero_loss_and_keeps_the_balance():
    x, y = data(8)
    y["value"][:] = np.nan
    model = two_heads()
    trainer = ml.compile(model, "sgd", loss={**losses(), "value": ml.Term("mse", missing="nan")}, balancer="mgda")
    before = keras.ops.convert_to_numpy(model.get_layer("value_head").kernel).copy()
    logs = trainer.train_on_batch(x, y, return_dict=True)
    assert logs["value_loss"] == 0.0
    assert logs["value_weight"] == 0.0
    assert logs["value_labelled"] == 0.0
    assert logs["label_weight"] == pytest.approx(1.0)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model.get_layer("value_head").kernel), before)


def test_epoch_value_of_a_partly_labelled_term_is_the_mean_over_labels():
    x, y = data(30)
    y["value"][5:27] = np.nan
    model = two_heads()
    trainer = ml.compile(model, "sgd", loss={**losses(), "value": ml.Term("mse", missing="nan")})
    logs = trainer.evaluate(x, y, batch_size=10, verbose=0, return_dict=True)
    predicted = model.predict(x, verbose=0)["value"]
    expected = np.nanmean((predicted - y["value"]) ** 2)
    assert logs["value_loss"] == pytest.approx(expected, rel=1e-5)
    assert logs["value_labelled"] == pytest.approx(8 / 30)
    assert logs["loss"] == pytest.approx(logs["value_loss"] + logs["label_loss"], rel=1e-5)

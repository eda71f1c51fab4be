"""The questions that people ask again and again, with their reference values."""

import keras
import numpy as np
import pytest

import multiloss as ml
from lifecycle import train_save_load_and_go_on


def _model(outputs, seed=0, width=8):
    keras.utils.set_random_seed(seed)
    x = keras.Input((5,))
    hidden = keras.layers.Dense(width, activation="relu", name="trunk")(x)
    return keras.Model(x, {name: layer(hidden) for name, layer in outputs.items()})


def _heads():
    keras.utils.set_random_seed(7)
    return {
        "price": keras.layers.Dense(1, name="price"),
        "label": keras.layers.Dense(1, activation="sigmoid", name="label"),
    }


def _data(samples=40):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(samples, 5)).astype("float32")
    return x, {
        "price": generator.normal(size=(samples, 1)).astype("float32"),
        "label": generator.integers(0, 2, (samples, 1)).astype("float32"),
    }


def _identity(width):
    """A model whose output is its input, to feed given predictions to a loss."""
    return keras.Sequential([keras.Input((width,)), keras.layers.Identity(name="out")])


def _value(loss, y_true, y_pred, **arguments):
    y_pred = np.asarray(y_pred, "float32")
    trainer = ml.compile(_identity(y_pred.shape[-1]), "sgd", loss=loss, **arguments)
    return trainer.evaluate(y_pred, np.asarray(y_true, "float32"), verbose=0, return_dict=True)


@keras.saving.register_keras_serializable("tests")
def weighted_sum_of_both(y_true, y_pred):
    crossentropy = keras.losses.binary_crossentropy(y_true["label"], y_pred["label"])
    error = keras.losses.mean_squared_error(y_true["price"], y_pred["price"])
    return 0.7 * crossentropy + 0.3 * error


def test_u1_one_function_over_two_outputs_equals_two_terms(tmp_path):
    x, y = _data()
    one, two = _model(_heads()), _model(_heads())
    joint = ml.compile(one, keras.optimizers.SGD(0.1), loss={"both": ml.Joint(weighted_sum_of_both)})
    terms = ml.compile(
        two,
        keras.optimizers.SGD(0.1),
        loss={"label": "binary_crossentropy", "price": "mse"},
        loss_weights={"label": 0.7, "price": 0.3},
    )
    first = joint.train_on_batch(x, y, return_dict=True)["loss"]
    assert first == pytest.approx(terms.train_on_batch(x, y, return_dict=True)["loss"], rel=1e-6)
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    train_save_load_and_go_on(joint, x, y, tmp_path)


def test_u4_binary_and_regression_with_accuracy_on_one_head(tmp_path):
    x, y = _data()
    trainer = ml.compile(
        _model(_heads()),
        "adam",
        loss={"label": "binary_crossentropy", "price": "mse"},
        loss_weights={"label": 0.8, "price": 0.2},
        metrics={"label": "accuracy"},
    )
    history = trainer.fit(x, y, epochs=2, verbose=0).history
    assert "label_accuracy" in history
    assert "price_accuracy" not in history
    assert history["loss"][-1] == pytest.approx(
        0.8 * history["label_loss"][-1] + 0.2 * history["price_loss"][-1], rel=0.05
    )
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def _three_heads(one_hot):
    generator = np.random.default_rng(1)
    x, y = _data()
    classes = generator.integers(0, 5, len(x))
    heads = {**_heads(), "kind": keras.layers.Dense(5, activation="softmax", name="kind")}
    return heads, x, {**y, "kind": np.eye(5, dtype="float32")[classes] if one_hot else classes}


@pytest.mark.parametrize("one_hot", [True, False])
def test_u6_three_heads_of_different_shapes(one_hot, tmp_path):
    heads, x, y = _three_heads(one_hot)
    trainer = ml.compile(
        _model(heads),
        "adam",
        loss={
            "label": "binary_crossentropy",
            "kind": "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy",
            "price": "mse",
        },
        loss_weights={"label": 0.3, "kind": 0.5, "price": 0.2},
        metrics={"label": "accuracy", "kind": "accuracy"},
    )
    history = trainer.fit(x, y, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert {"label_accuracy", "kind_accuracy"} <= set(history)
    train_save_load_and_go_on(trainer, x, y, tmp_path)


@pytest.mark.parametrize("as_list", [True, False])
def test_u7_loss_objects_dict_weights_list_targets(as_list, tmp_path):
    heads, x, y = _three_heads(one_hot=True)
    keras.utils.set_random_seed(0)
    inputs = keras.Input((5,))
    hidden = keras.layers.Dense(8)(inputs)
    model = keras.Model(inputs, [heads["kind"](hidden), heads["price"](hidden)])
    trainer = ml.compile(
        model,
        "adam",
        loss=[keras.losses.CategoricalCrossentropy(), keras.losses.MeanAbsoluteError()],
        loss_weights={"kind": 0.7, "price": 0.3},
    )
    targets = [y["kind"], y["price"]] if as_list else {"kind": y["kind"], "price": y["price"]}
    logs = trainer.train_on_batch(x, targets, return_dict=True)
    assert logs["loss"] == pytest.approx(0.7 * logs["kind_loss"] + 0.3 * logs["price_loss"], rel=1e-5)
    train_save_load_and_go_on(trainer, x, targets, tmp_path)


@keras.saving.register_keras_serializable("tests")
def regression_and_class(y_true, y_pred):
    error = keras.losses.mean_squared_error(y_true["price"], y_pred["price"])
    return 0.7 * error + 0.3 * keras.losses.categorical_crossentropy(y_true["kind"], y_pred["kind"])


def test_u10_joint_function_with_list_outputs(tmp_path):
    heads, x, y = _three_heads(one_hot=True)
    keras.utils.set_random_seed(0)
    inputs = keras.Input((5,))
    hidden = keras.layers.Dense(8)(inputs)
    model = keras.Model(inputs, [heads["price"](hidden), heads["kind"](hidden)])
    trainer = ml.compile(model, "adam", loss={"both": ml.Joint(regression_and_class)})
    targets = [y["price"], y["kind"]]
    predicted = model.predict(x, verbose=0)
    expected = 0.7 * ((predicted[0] - y["price"]) ** 2).mean() - 0.3 * np.log(predicted[1])[y["kind"] > 0].mean()
    assert trainer.train_on_batch(x, targets, return_dict=True)["both_loss"] == pytest.approx(expected, rel=1e-5)
    train_save_load_and_go_on(trainer, x, targets, tmp_path)


def test_u11_one_loss_per_output_and_weights_changed_afterwards(tmp_path):
    x, y = _data()
    trainer = ml.compile(_model(_heads()), "adam", loss={"label": "binary_crossentropy", "price": "mse"})
    trainer.fit(x, y, verbose=0)
    trainer.terms["price"].weight.assign(0.1)
    logs = trainer.train_on_batch(x, y, return_dict=True)
    assert logs["price_weight"] == pytest.approx(0.1)
    assert logs["loss"] == pytest.approx(logs["label_loss"] + 0.1 * logs["price_loss"], rel=1e-5)
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def test_u13_columns_of_one_packed_output(tmp_path):
    loss = {
        "price": ml.Term("mse", output="out", column=0),
        "label": ml.Term(keras.losses.BinaryCrossentropy(from_logits=True), output="out", column=1),
    }
    y_true = [[2.5, 1], [1.0, 0], [3.2, 1]]
    y_pred = [[2.0, 0.8], [1.2, -0.2], [3.5, 1.5]]
    logs = _value(loss, y_true, y_pred, loss_weights={"price": 0.5, "label": 0.5})
    assert logs["loss"] == pytest.approx(0.25844216, abs=1e-6)
    x = np.random.default_rng(0).normal(size=(12, 2)).astype("float32")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="out")])
    trainer = ml.compile(model, "adam", loss=loss)
    train_save_load_and_go_on(trainer, x, (x > 0).astype("float32"), tmp_path)


def test_u14_output_penalty_towards_a_value():
    loss = {
        "error": ml.Term("mse", output="out", column=0),
        "pull": ml.OutputPenalty("l1", output="out", target_value=1.0),
    }
    y_true, y_pred = [[2, 3], [1, 2.5]], [[1.5, 2.8], [1.2, 2.3]]
    logs = _value(loss, y_true, y_pred, loss_weights={"pull": 0.1})
    error = np.mean([0.5**2, 0.2**2])
    assert logs["error_loss"] == pytest.approx(error, abs=1e-6)
    assert logs["pull_loss"] == pytest.approx(np.abs(np.asarray(y_pred) - 1.0).mean(), abs=1e-6)


def test_u14_reference_value(tmp_path):
    loss = {
        "error": ml.Term("mse", output="out", column=0),
        "pull": ml.OutputPenalty("l1", output="out", column=0, target_value=1.0),
    }
    logs = _value(loss, [[2, 3], [1, 2.5]], [[1.5, 2.8], [1.2, 2.3]], loss_weights={"pull": 0.1})
    assert logs["loss"] == pytest.approx(0.18000001, abs=1e-6)
    x = np.random.default_rng(0).normal(size=(12, 2)).astype("float32")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="out")])
    trainer = ml.compile(model, "adam", loss=loss, loss_weights={"pull": 0.1})
    train_save_load_and_go_on(trainer, x, 2 * x, tmp_path)


def test_u15_angles_in_radians(tmp_path):
    logs = _value({"out": ml.losses.Circular()}, [[0.5], [1.2]], [[0.6], [1.0]])
    assert logs["loss"] == pytest.approx(0.01246464, abs=1e-6)
    degrees = _value({"out": ml.losses.Circular(period=360.0)}, [[359.0]], [[1.0]])
    assert degrees["loss"] == pytest.approx(1 - np.cos(np.deg2rad(2.0)), abs=1e-6)
    x, _ = _data()
    trainer = ml.compile(
        keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)]), "adam", loss=ml.losses.Circular(period=24.0)
    )
    train_save_load_and_go_on(trainer, x, x[:, :1], tmp_path)

"""What people ask for in prose: scaling by a known number, regularisation of every kind, odd batches."""

import keras
import numpy as np
import pytest
from keras import ops

import multiloss as ml
from lifecycle import train_save_load_and_go_on


def _model(seed=0):
    keras.utils.set_random_seed(seed)
    x = keras.Input((5,))
    hidden = keras.layers.Dense(6, activation="tanh", name="code", kernel_regularizer=keras.regularizers.L2(1e-3))(x)
    outputs = {
        "price": keras.layers.Dense(1, name="price_head")(hidden),
        "kind": keras.layers.Dense(3, activation="softmax", name="kind_head")(hidden),
    }
    return keras.Model(x, outputs)


def _data(samples=12):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(samples, 5)).astype("float32")
    kind = generator.integers(0, 3, samples).astype("int32")
    return x, {"price": np.clip(40.0 * x[:, :1], -50, 50), "kind": kind}


def test_p2_scaled_by_the_largest_value_that_it_can_have(tmp_path):
    """Prices lie in [-50, 50]: no squared error is above 100^2; a cross-entropy over 3 classes is about log 3."""
    x, y = _data()
    model = _model()
    loss = {
        "price": ml.Term("mse", scale=100.0**2),
        "kind": ml.Term("sparse_categorical_crossentropy", scale=float(np.log(3))),
    }
    trainer = ml.compile(model, "sgd", loss=loss)
    predicted = model.predict(x, verbose=0)
    entropy = -np.log(predicted["kind"][np.arange(12), y["kind"]]).mean()
    penalty = 1e-3 * np.square(model.get_layer("code").get_weights()[0]).sum()
    expected = np.square(predicted["price"] - y["price"]).mean() / 1e4 + entropy / np.log(3) + penalty
    logs = trainer.evaluate(x, y, batch_size=12, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(expected, rel=1e-5)
    loaded = train_save_load_and_go_on(trainer, x, y, tmp_path)
    assert loaded.terms["price"].scale.value == 1e4


def test_p2_scaled_by_the_average_size_seen_in_training(tmp_path):
    x, y = _data()
    loss = {"price": ml.Term("mse", scale="running_mean"), "kind": "sparse_categorical_crossentropy"}
    trainer = ml.compile(_model(), "adam", loss=loss)
    losses, weights = zip(
        *[
            (logs["price_loss"], logs["price_weight"])
            for logs in (trainer.train_on_batch(x, y, return_dict=True) for _ in range(3))
        ],
        strict=True,
    )
    assert losses[0] > 100
    decay = trainer.terms["price"].scale.decay
    for step in range(1, 4):
        shares = decay ** np.arange(step)[::-1]
        assert 1 / weights[step - 1] == pytest.approx(np.average(losses[:step], weights=shares), rel=1e-4)
    train_save_load_and_go_on(trainer, x, y, tmp_path)


@keras.saving.register_keras_serializable("tests.terms")
def off_the_unit_circle(weight):
    """A norm of the user's own: how far the columns are from length 1."""
    return ops.sum(ops.square(ops.sum(ops.square(weight), axis=0) - 1.0))


@keras.saving.register_keras_serializable("tests.terms")
def few_active(features):
    """Mean absolute activation of each sample."""
    return ops.mean(ops.abs(features), axis=-1)


def test_p9_own_regularisation_of_weights_activations_and_outputs(tmp_path):
    x, y = _data()
    model = _model()
    trainer = ml.compile(
        model,
        "adam",
        loss={
            "price": "huber",
            "kind": {
                "ce": "sparse_categorical_crossentropy",
                "unsure": ml.OutputPenalty("l2", target_value=1 / 3),
            },
            "columns": ml.WeightPenalty(off_the_unit_circle, layers="price_head"),
            "everything": ml.WeightPenalty("l2", kernels_only=False),
            "sparse": ml.FeaturePenalty(few_active, layer="code"),
        },
        loss_weights={"kind": {"unsure": 0.1}, "columns": 0.01, "everything": 1e-4, "sparse": 0.05},
        balancer="uncertainty",
    )
    kernel, bias = model.get_layer("code").get_weights()
    column = model.get_layer("price_head").get_weights()[0]
    predicted = model.predict(x, verbose=0)
    logs = trainer.evaluate(x, y, batch_size=12, verbose=0, return_dict=True)
    expected = {
        "columns_loss": (np.square(column).sum() - 1) ** 2,
        "everything_loss": sum(np.square(weight).sum() for weight in model.get_weights()),
        "sparse_loss": np.abs(np.tanh(x @ kernel + bias)).mean(),
        "kind/unsure_loss": np.square(predicted["kind"] - 1 / 3).mean(),
        "regularization_loss": 1e-3 * np.square(kernel).sum(),
    }
    for name, value in expected.items():
        assert logs[name] == pytest.approx(value, rel=1e-4)
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def test_p10_one_loss_for_two_outputs_and_two_losses_for_one(tmp_path):
    x, y = _data()
    y["kind"] = np.eye(3, dtype="float32")[y["kind"]]
    squared = ml.Term("mse", missing="nan")
    y["price"][::3] = np.nan
    model = _model()
    trainer = ml.compile(model, "adam", loss={"price": squared, "kind": {"error": squared, "size": "mae"}})
    predicted = model.predict(x, verbose=0)
    logs = trainer.evaluate(x, y, batch_size=12, verbose=0, return_dict=True)
    difference = {name: predicted[name] - y[name] for name in predicted}
    assert logs["price_loss"] == pytest.approx(np.nanmean(np.square(difference["price"])), rel=1e-5)
    assert logs["kind/error_loss"] == pytest.approx(np.square(difference["kind"]).mean(), rel=1e-5)
    assert logs["kind/size_loss"] == pytest.approx(np.abs(difference["kind"]).mean(), rel=1e-5)
    train_save_load_and_go_on(trainer, x, y, tmp_path)

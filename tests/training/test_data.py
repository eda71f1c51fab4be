"""Every way to feed data, and every structure of outputs."""

import keras
import numpy as np
import pytest
from models import data, largest_difference, losses, two_heads, weights_of

import multiloss as ml


def _expected():
    x, y = data()
    model = two_heads()
    ml.compile(model, keras.optimizers.SGD(0.1), loss=losses()).fit(x, y, batch_size=16, shuffle=False, verbose=0)
    return weights_of(model)


class _Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        x, y = data()
        batch = slice(16 * index, 16 * index + 16)
        return x[batch], {name: target[batch] for name, target in y.items()}


def _generator():
    sequence = _Sequence()
    for index in range(3):
        yield sequence[index]


def _source(kind):
    x, y = data()
    if kind == "tf.data":
        tf = pytest.importorskip("tensorflow")
        return tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    if kind == "DataLoader":
        torch = pytest.importorskip("torch")
        items = [(x[i], {name: target[i] for name, target in y.items()}) for i in range(len(x))]
        return torch.utils.data.DataLoader(items, batch_size=16)
    return _Sequence() if kind == "PyDataset" else _generator()


@pytest.mark.parametrize("kind", ["tf.data", "DataLoader", "PyDataset", "generator"])
def test_sources_give_the_same_training(kind):
    model = two_heads()
    trainer = ml.compile(model, keras.optimizers.SGD(0.1), loss=losses())
    arguments = {"steps_per_epoch": 3} if kind == "generator" else {}
    trainer.fit(_source(kind), shuffle=False, verbose=0, **arguments)
    assert largest_difference(weights_of(model), _expected()) < 1e-6


def test_train_on_batch_is_the_same_training():
    model = two_heads()
    trainer = ml.compile(model, keras.optimizers.SGD(0.1), loss=losses())
    for batch in _generator():
        trainer.train_on_batch(*batch)
    assert largest_difference(weights_of(model), _expected()) < 1e-6


def test_steps_per_execution():
    if keras.backend.backend() == "torch":
        pytest.skip("Keras allows only 1 on PyTorch")
    x, y = data()
    for balancer in (None, "mgda"):
        results = []
        for steps in (1, 3):
            model = two_heads(norm=True, dropout=0.2)
            trainer = ml.compile(
                model, keras.optimizers.SGD(0.1), loss=losses(), balancer=balancer, steps_per_execution=steps
            )
            trainer.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
            results.append(weights_of(model))
            assert int(keras.ops.convert_to_numpy(trainer.state["step"])) == 6
        assert largest_difference(*results) < 1e-6


def test_validation_logs_and_names():
    x, y = data()
    trainer = ml.compile(two_heads(), "sgd", loss=losses(), metrics={"label": "accuracy", "value": ["mae"]})
    history = trainer.fit(x, y, validation_data=(x, y), verbose=0).history
    training = {"loss", "value_loss", "label_loss", "value_weight", "label_weight", "label_accuracy", "value_mae"}
    validation = {"loss", "value_loss", "label_loss", "label_accuracy", "value_mae"}
    assert set(history) == training | {f"val_{name}" for name in validation}


def test_val_loss_does_not_move_with_the_balancer():
    x, y = data()
    losses_of = {
        "value": ml.Term("mse", scale=4.0),
        "label": ml.Term("sparse_categorical_crossentropy", scale="running_mean"),
    }
    for balancer in (None, "uncertainty", "mgda"):
        model = two_heads()
        trainer = ml.compile(
            model, keras.optimizers.SGD(0.0), loss=losses_of, loss_weights={"value": 2.0}, balancer=balancer
        )
        history = trainer.fit(x, y, validation_data=(x, y), epochs=2, batch_size=16, verbose=0).history
        for epoch in range(2):
            expected = 2.0 * history["val_value_loss"][epoch] / 4.0 + history["val_label_loss"][epoch]
            assert history["val_loss"][epoch] == pytest.approx(expected, rel=1e-5)


def _list_model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="relu")(inputs)
    outputs = [
        keras.layers.Dense(2, name="value")(hidden),
        keras.layers.Dense(3, activation="softmax", name="label")(hidden),
    ]
    return keras.Model(inputs, outputs)


def test_list_outputs_go_by_their_layers_names():
    x, y = data()
    results = []
    for targets in ([y["value"], y["label"]], y):
        model = _list_model()
        trainer = ml.compile(
            model,
            "sgd",
            loss=["mse", "sparse_categorical_crossentropy"],
            loss_weights=[0.3, 0.7],
            metrics=[["mae"], "accuracy"],
        )
        assert list(trainer.terms) == ["value", "label"]
        logs = trainer.fit(x, targets, verbose=0, shuffle=False).history
        assert {"value_mae", "label_accuracy", "value_loss", "label_loss"} <= set(logs)
        results.append(weights_of(model))
    assert largest_difference(*results) == 0.0


@pytest.mark.parametrize("structure", ["dict", "list", "tuple", "single"])
def test_subclassed_models(structure):
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.trunk = keras.layers.Dense(8, activation="relu")
            self.norm = keras.layers.BatchNormalization()
            self.first = keras.layers.Dense(2)
            self.second = keras.layers.Dense(2)

        def call(self, inputs, training=False):
            hidden = self.norm(self.trunk(inputs), training=training)
            first, second = self.first(hidden), self.second(hidden)
            if structure == "dict":
                return {"first": first, "second": second}
            return {"list": [first, second], "tuple": (first, second), "single": first}[structure]

    x, y = data()
    target = y["value"]
    names = ["first", "second"] if structure == "dict" else ["output_0", "output_1"]
    keras.utils.set_random_seed(0)
    model = Subclassed()
    loss = "mse" if structure == "single" else dict.fromkeys(names, "mse")
    trainer = ml.compile(model, "sgd", loss=loss, balancer="upgrad")
    targets = {"dict": dict.fromkeys(names, target), "single": target}.get(structure, [target, target])
    history = trainer.fit(x, targets, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert f"{names[0]}_loss" in history


def test_sequential_model_and_logs_without_prefix():
    x, y = data()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="out")])
    trainer = ml.compile(model, "sgd", loss={"out": {"squared": "mse", "absolute": "mae"}}, metrics=["mae"])
    history = trainer.fit(x, y["value"], verbose=0).history
    assert set(history) == {
        "loss",
        "mae",
        *(f"out/{n}_{k}" for n in ("squared", "absolute") for k in ("loss", "weight")),
    }
    assert history["out/absolute_loss"][0] == pytest.approx(history["mae"][0], rel=1e-5)


def test_parent_weight_multiplies_its_children():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="out")])
    loss = {"out": {"squared": "mse", "absolute": "mae"}}
    trainer = ml.compile(model, "sgd", loss=loss, loss_weights={"out": 0.5, "out/absolute": 4.0})
    assert [term.weight.value for term in trainer.terms.values()] == [0.5, 2.0]


def test_metrics_see_the_mask_of_missing_labels():
    x, y = data()
    y["label"][::2] = -1
    y["value"][5:] = np.nan
    model = two_heads()
    loss = {
        "value": ml.Term("mse", missing="nan"),
        "label": ml.Term("sparse_categorical_crossentropy", missing=-1),
    }
    trainer = ml.compile(model, "sgd", loss=loss, metrics={"label": "accuracy", "value": "mae"})
    logs = trainer.evaluate(x, y, verbose=0, return_dict=True)
    predicted = model.predict(x, verbose=0)
    kept = y["label"] >= 0
    accuracy = (predicted["label"].argmax(1) == y["label"])[kept].mean()
    assert logs["label_accuracy"] == pytest.approx(accuracy, rel=1e-5)
    assert logs["value_mae"] == pytest.approx(np.abs(predicted["value"] - y["value"])[:5].mean(), rel=1e-5)


def test_weighted_metrics_and_sample_weight():
    x, y = data()
    weight = np.random.default_rng(0).uniform(0, 3, len(x)).astype("float32")
    model = two_heads()
    trainer = ml.compile(model, "sgd", loss=losses(), weighted_metrics={"label": ["accuracy"]})
    logs = trainer.evaluate(x, y, sample_weight={"label": weight}, verbose=0, return_dict=True)
    predicted = model.predict(x, verbose=0)
    right = predicted["label"].argmax(1) == y["label"]
    assert logs["label_accuracy"] == pytest.approx((right * weight).sum() / weight.sum(), rel=1e-5)
    crossentropy = -np.log(predicted["label"][np.arange(len(x)), y["label"]])
    assert logs["label_loss"] == pytest.approx((crossentropy * weight).mean(), rel=1e-4)
    assert logs["value_loss"] == pytest.approx(((predicted["value"] - y["value"]) ** 2).mean(), rel=1e-5)


def test_targets_are_not_needed_when_no_term_reads_them():
    def reconstruct(x, y_pred):
        return keras.ops.mean(keras.ops.square(x[:, :2] - y_pred["value"]), axis=-1)

    x, _ = data()
    trainer = ml.compile(two_heads(), keras.optimizers.SGD(0.1), loss={"reconstruction": ml.Joint(reconstruct)})
    history = trainer.fit(x, batch_size=48, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_extra_keys_in_y_serve_as_masks_and_weights():
    x, y = data()
    generator = np.random.default_rng(1)
    y["seen"] = (generator.uniform(size=len(x)) > 0.4).astype("float32")
    y["importance"] = generator.uniform(0, 2, len(x)).astype("float32")
    model = two_heads()
    loss = {**losses(), "value": ml.Term("mse", mask="seen", sample_weight="importance")}
    logs = ml.compile(model, "sgd", loss=loss).evaluate(x, y, verbose=0, return_dict=True)
    error = ((model.predict(x, verbose=0)["value"] - y["value"]) ** 2).mean(1)
    expected = (error * y["seen"] * y["importance"]).sum() / y["seen"].sum()
    assert logs["value_loss"] == pytest.approx(expected, rel=1e-5)
    assert logs["value_labelled"] == pytest.approx(y["seen"].mean(), rel=1e-6)


def test_explain_says_what_every_term_does():
    trainer = ml.compile(
        two_heads(regularizer="l2"),
        "sgd",
        loss={**losses(), "small": ml.WeightPenalty("l1", layers="trunk")},
        loss_weights={"small": 0.1},
        balancer="uncertainty",
    )
    table = trainer.explain()
    for piece in (
        "mse on value",
        "mean per labelled sample",
        "l1 of kernels of trunk",
        "0.1",
        "regularization",
        "Uncertainty",
    ):
        assert piece in table

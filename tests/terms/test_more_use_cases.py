"""Further questions that people ask again and again; each is saved, loaded and used again."""

import keras
import numpy as np
import pytest

import multiloss as ml
from lifecycle import train_save_load_and_go_on


def _heads(outputs, inputs=(5,)):
    keras.utils.set_random_seed(0)
    x = keras.Input(inputs)
    hidden = keras.layers.Dense(6, activation="relu", name="trunk")(x)
    return keras.Model(x, {name: layer(hidden) for name, layer in outputs.items()})


def _data(samples=24):
    x = np.random.default_rng(0).normal(size=(samples, 5)).astype("float32")
    return x, {"first": x[:, :1] - x[:, 1:2], "second": 40.0 * x[:, 2:4]}


def _two_regressions():
    return _heads({"first": keras.layers.Dense(1, name="first"), "second": keras.layers.Dense(2, name="second")})


def test_u2_l1_over_all_trainable_weights_follows_them(tmp_path):
    x, y = _data()
    model = _two_regressions()
    trainer = ml.compile(
        model,
        keras.optimizers.SGD(0.01),
        loss={"first": "mae", "second": "mae", "size": ml.WeightPenalty("l1", kernels_only=False)},
        loss_weights={"size": 0.01},
    )
    for _ in range(2):
        expected = sum(np.abs(weight).sum() for weight in model.get_weights())
        logs = trainer.train_on_batch(x, y, return_dict=True)
        assert logs["size_loss"] == pytest.approx(expected, rel=1e-5)
        assert logs["loss"] == pytest.approx(
            logs["first_loss"] + logs["second_loss"] + 0.01 * logs["size_loss"], rel=1e-5
        )
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def test_u3_losses_of_different_size_are_brought_together(tmp_path):
    x, y = _data()
    trainer = ml.compile(
        _two_regressions(),
        keras.optimizers.SGD(0.01),
        loss={name: ml.Term("mse", scale="running_mean") for name in ("first", "second")},
        loss_weights={"first": 0.5, "second": 0.5},
    )
    before = trainer.train_on_batch(x, y, return_dict=True)
    assert before["second_loss"] > 100 * before["first_loss"]
    for name in ("first", "second"):
        assert before[f"{name}_weight"] * before[f"{name}_loss"] == pytest.approx(0.5, rel=1e-4)
    after = trainer.fit(x, y, epochs=8, batch_size=24, verbose=0).history
    assert all(after[f"{name}_loss"][-1] < before[f"{name}_loss"] for name in ("first", "second"))
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def test_u5_mse_over_the_largest_absolute_target(tmp_path):
    x, y = _data()
    model = _two_regressions()
    loss = {name: ml.Term("mse", scale="max_abs_target") for name in ("first", "second")}
    trainer = ml.compile(model, "sgd", loss=loss)
    predicted = model.predict(x, verbose=0)
    expected = sum(np.square(predicted[name] - y[name]).mean() / np.abs(y[name]).max() for name in loss)
    assert trainer.train_on_batch(x, y, return_dict=True)["loss"] == pytest.approx(expected, rel=1e-5)
    zeros = {name: np.zeros_like(target) for name, target in y.items()}
    assert np.isfinite(list(trainer.train_on_batch(x, zeros, return_dict=True).values())).all()
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def _classifier():
    generator = np.random.default_rng(1)
    x, _ = _data()
    model = _heads({"kind": keras.layers.Dense(4, activation="softmax", name="kind")})
    return model, x, {"kind": np.eye(4, dtype="float32")[generator.integers(0, 4, len(x))]}


def test_u8_two_named_losses_on_one_output(tmp_path):
    model, x, y = _classifier()
    trainer = ml.compile(
        model,
        "adam",
        loss={"kind": {"ce": "categorical_crossentropy", "focal": ml.losses.CategoricalFocal(gamma=2, alpha=0.25)}},
        loss_weights={"kind": {"ce": 0.7, "focal": 0.3}},
    )
    probability = (model.predict(x, verbose=0)["kind"] * y["kind"]).sum(1)
    logs = trainer.train_on_batch(x, y, return_dict=True)
    assert logs["kind/ce_loss"] == pytest.approx(-np.log(probability).mean(), rel=1e-4)
    focal = (-0.25 * (1 - probability) ** 2 * np.log(probability)).mean()
    assert logs["kind/focal_loss"] == pytest.approx(focal, rel=1e-4)
    assert logs["loss"] == pytest.approx(0.7 * logs["kind/ce_loss"] + 0.3 * logs["kind/focal_loss"], rel=1e-5)
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def test_u9_the_same_as_one_object_with_a_config(tmp_path):
    model, x, y = _classifier()
    focal = ml.losses.CategoricalFocal(gamma=1.5, alpha=0.5)
    mixed = ml.losses.WeightedSum({"ce": "categorical_crossentropy", "focal": focal}, {"ce": 0.6, "focal": 0.4})
    trainer = ml.compile(model, "adam", loss={"kind": mixed})
    probability = (model.predict(x, verbose=0)["kind"] * y["kind"]).sum(1)
    expected = -(np.log(probability) * (0.6 + 0.4 * 0.5 * (1 - probability) ** 1.5)).mean()
    assert trainer.train_on_batch(x, y, return_dict=True)["loss"] == pytest.approx(expected, rel=1e-4)
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def test_u12_l1_of_the_last_layers_kernel(tmp_path):
    x, y = _data()
    model = _two_regressions()
    loss = {"first": "mse", "second": "mse", "small": ml.WeightPenalty("l1", layers="second")}
    trainer = ml.compile(model, "sgd", loss=loss, loss_weights={"second": 1e-3, "small": 0.01})
    expected = np.abs(model.get_layer("second").get_weights()[0]).sum()
    assert trainer.train_on_batch(x, y, return_dict=True)["small_loss"] == pytest.approx(expected, rel=1e-5)
    train_save_load_and_go_on(trainer, x, y, tmp_path)


@keras.saving.register_keras_serializable("tests.terms")
def late_and_only_when_large(y_true, y_pred, step):
    """Counts from step 2 on, and only in batches whose error is above 1."""
    error = keras.ops.mean(keras.ops.square(y_true["first"] - y_pred["first"]))
    factor = keras.ops.cast(step >= 2, "float32") * keras.ops.cast(error > 1.0, "float32")
    return keras.ops.stop_gradient(factor) * keras.ops.log1p(error)


def test_p4_a_loss_that_depends_on_the_step_and_on_its_value(tmp_path):
    x, y = _data()
    y["first"] = 5 * y["first"]
    loss = {"first": "mse", "extra": ml.Joint(late_and_only_when_large)}
    trainer = ml.compile(_two_regressions(), keras.optimizers.SGD(1e-3), loss=loss)
    logs = [trainer.train_on_batch(x, y, return_dict=True) for _ in range(4)]
    assert logs[0]["first_loss"] > 1.0
    assert [entry["extra_loss"] for entry in logs[:2]] == [0.0, 0.0]
    for entry in logs[2:]:
        assert entry["extra_loss"] == pytest.approx(np.log1p(entry["first_loss"]), rel=1e-5)
    calm = {name: 0.001 * target for name, target in y.items()}
    quiet = trainer.train_on_batch(0 * x, calm, return_dict=True)
    assert quiet["first_loss"] < 1.0
    assert quiet["extra_loss"] == 0.0
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def test_p7_segmentation_classification_and_size(tmp_path):
    generator = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    hidden = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(hidden)
    outputs = {
        "mask": keras.layers.Conv2D(1, 1, activation="sigmoid", name="mask")(hidden),
        "kind": keras.layers.Dense(3, activation="softmax", name="kind")(pooled),
        "size": keras.layers.Dense(1, name="size")(pooled),
    }
    model = keras.Model(inputs, outputs)
    corners = generator.integers(0, 4, (10, 2))
    mask = np.zeros((10, 8, 8, 1), "float32")
    for picture, (row, column) in zip(mask, corners, strict=True):
        picture[row : row + 4, column : column + 4] = 1.0
    x = (mask + 0.2 * generator.normal(size=mask.shape)).astype("float32")
    y = {
        "mask": mask,
        "distance": ml.losses.distance_map(mask),
        "kind": generator.integers(0, 3, 10).astype("int32"),
        "size": mask.mean(axis=(1, 2)),
    }
    trainer = ml.compile(
        model,
        keras.optimizers.Adam(0.01),
        loss={
            "mask": {"dice": "soft_dice", "boundary": ml.Term("boundary", output="mask", target="distance")},
            "kind": "sparse_categorical_crossentropy",
            "size": "mse",
        },
        loss_weights={"mask": {"boundary": 0.1}, "kind": 0.5, "size": 0.2},
        metrics={"kind": "accuracy"},
    )
    found = model.predict(x, verbose=0)["mask"]
    logs = trainer.evaluate(x, y, verbose=0, return_dict=True)
    assert logs["mask/boundary_loss"] == pytest.approx((found * y["distance"]).mean(), rel=1e-4)
    assert logs["mask/dice_loss"] == pytest.approx(float(keras.ops.mean(ml.losses.Dice().call(mask, found))), rel=1e-5)
    after = trainer.fit(x, y, epochs=8, batch_size=10, verbose=0).history
    assert after["mask/dice_loss"][-1] < logs["mask/dice_loss"]
    train_save_load_and_go_on(trainer, x, y, tmp_path)

"""Callbacks of Keras find out by themselves whether a log is better when lower, as in plain Keras; and `export`."""

import keras
import numpy as np
import pytest
from keras import ops
from models import data, losses, two_heads

import multiloss as ml

METRICS = {"label": ["accuracy", keras.metrics.SparseCategoricalCrossentropy(name="ce")], "value": ["mae", "r2_score"]}
UP = ["label_accuracy", "value_r2_score"]
DOWN = ["loss", "value_loss", "label_loss", "label_ce", "value_mae"]


def _one_output():
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax", name="label")])


def _best(model, monitor, path):
    """Trains with each callback, and gives the epoch that a checkpoint and an early stop took as the best."""
    x, y = data()
    stop = keras.callbacks.EarlyStopping(monitor, patience=9)
    file = path / "best.weights.h5"
    kept = keras.callbacks.ModelCheckpoint(file, monitor, save_best_only=True, save_weights_only=True)
    less = keras.callbacks.ReduceLROnPlateau(monitor, patience=1, min_delta=0.5)
    y = y["label"]
    history = model.fit(
        x, y, validation_data=(x, y), epochs=4, batch_size=16, shuffle=False, verbose=0, callbacks=[stop, kept, less]
    ).history
    rates = [float(rate) for rate in history["learning_rate"]]
    return stop.best_epoch, float(stop.best), float(kept.best), rates


@pytest.mark.parametrize("monitor", ["val_accuracy", "accuracy", "val_loss"])
def test_the_same_epochs_as_plain_keras(monitor, tmp_path):
    loss, metrics = "sparse_categorical_crossentropy", ["accuracy"]
    plain = _one_output()
    plain.compile(keras.optimizers.Adam(0.05), loss=loss, metrics=metrics)
    ours = ml.compile(_one_output(), keras.optimizers.Adam(0.05), loss=loss, metrics=metrics)
    expected, found = (_best(model, monitor, tmp_path) for model in (plain, ours))
    assert found[0] == expected[0]
    np.testing.assert_allclose(found[1:3], expected[1:3], rtol=1e-5)
    np.testing.assert_allclose(found[3], expected[3], rtol=1e-6)


def test_every_log_of_a_model_with_two_outputs():
    trainer = ml.compile(two_heads(), "sgd", loss=losses(), metrics=METRICS)
    for names, better in ((UP, ops.greater), (DOWN, ops.less)):
        for name in names:
            for monitor in (name, f"val_{name}"):
                callback = keras.callbacks.EarlyStopping(monitor)
                callback.set_model(trainer)
                callback._set_monitor_op()
                assert callback.monitor_op is better
    callback = keras.callbacks.EarlyStopping("value_weight")
    callback.set_model(trainer)
    with pytest.raises(ValueError, match=r"mode='max'"):
        callback._set_monitor_op()
    x, y = data(16)
    logs = trainer.evaluate(x, y, return_dict=True, verbose=0)
    assert set(UP + DOWN) == set(logs)


def test_export_writes_the_users_model(tmp_path):
    x, y = data(16)
    model = two_heads()
    trainer = ml.compile(model, "sgd", loss=losses())
    trainer.fit(x, y, verbose=0)
    exported = []
    model.export = lambda *args, **kwargs: exported.append((args, kwargs))
    trainer.export(tmp_path / "served", format="onnx")
    assert exported == [((tmp_path / "served",), {"format": "onnx"})]

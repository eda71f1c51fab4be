"""Every callback of Keras: the same training, and what the callback itself has kept or written."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from .case import Case, Logs, NotTrained, fit
from .models import compiled, normal, targets, trunk


def cases() -> dict[str, Case | NotTrained]:
    """By class name; `Class: variant` for more of one class."""
    callbacks = keras.callbacks
    return {
        "Callback": _case(lambda folder: _Recorder()),
        "Callback: reads the model's layers": _case(lambda folder: _ReadsLayer()),
        "Callback: changes the learning rate": _case(lambda folder: _Slower()),
        "Callback: stops training": _case(lambda folder: _Stops()),
        "Callback: predicts and evaluates": _case(lambda folder: _Looks()),
        "CallbackList": _case(lambda folder: _Recorder(), as_list=True),
        "History": _case(lambda folder: callbacks.History(), _history),
        "LambdaCallback": _case(lambda folder: callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)),
        "LearningRateScheduler": _case(lambda folder: callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)),
        "EarlyStopping": _case(lambda folder: _stopping("val_loss")),
        "EarlyStopping: by a metric": _case(lambda folder: _stopping("val_label_accuracy", mode="max")),
        "EarlyStopping: one output, no mode": _one_output(lambda folder: _stopping("val_accuracy")),
        "ReduceLROnPlateau": _case(lambda folder: _plateau("val_loss")),
        "ReduceLROnPlateau: one output, no mode": _one_output(lambda folder: _plateau("val_accuracy")),
        "ModelCheckpoint": _case(lambda folder: _checkpoint(folder, "val_loss"), _saved_weights),
        "ModelCheckpoint: one output, no mode": _one_output(
            lambda folder: _checkpoint(folder, "val_accuracy"), _saved_weights
        ),
        "ModelCheckpoint: every batch": _case(
            lambda folder: callbacks.ModelCheckpoint(f"{folder}/best.weights.h5", save_weights_only=True, save_freq=2),
            _saved_weights,
        ),
        "ModelCheckpoint: whole models": _case(
            lambda folder: callbacks.ModelCheckpoint(f"{folder}/best.keras", monitor="loss"), _saved_model
        ),
        "BackupAndRestore": _case(lambda folder: callbacks.BackupAndRestore(f"{folder}/backup")),
        "CSVLogger": _case(lambda folder: callbacks.CSVLogger(f"{folder}/logs.csv"), _logged_csv),
        "ProgbarLogger": _case(lambda folder: callbacks.ProgbarLogger()),
        "SwapEMAWeights": _case(
            lambda folder: callbacks.SwapEMAWeights(swap_on_epoch=True),
            optimizer=lambda: keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.9),
        ),
        "TensorBoard": _case(lambda folder: callbacks.TensorBoard(folder, histogram_freq=1)),
        "TerminateOnNaN": _case(lambda folder: callbacks.TerminateOnNaN()),
        "TerminateOnNaN: a NaN in the labels": _nan(),
        "RemoteMonitor": _case(lambda folder: callbacks.RemoteMonitor(root="http://127.0.0.1:9")),
        "OrbaxCheckpoint": _case(lambda folder: callbacks.OrbaxCheckpoint(folder, monitor="loss")),
    }


Read = Callable[[Any, str, Any], Logs]


def _case(make: Callable[[str], Any], read: Read | None = None, *, as_list: bool = False, **arguments: Any) -> Case:
    metrics = {"label": "accuracy"}
    return Case(trunk, compiled(metrics=lambda: dict(metrics), **arguments), _training(make, targets, read, as_list))


def _one_output(make: Callable[[str], Any], read: Read | None = None) -> Case:
    def build() -> keras.Model:
        inputs = keras.Input((4,), name="x")
        return keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="label")(inputs))

    arguments = compiled(loss="sparse_categorical_crossentropy", loss_weights=None, metrics=lambda: ["accuracy"])
    return Case(build, arguments, _training(make, lambda: targets()["label"], read))


def _training(
    make: Callable[[str], Any], labels: Callable[[], Any], read: Read | None, as_list: bool = False
) -> Callable[[Any], Logs]:
    """Three epochs with a callback, and what it or its folder then tells."""

    def data() -> tuple:
        return normal(4), labels()

    def train(model: Any) -> Logs:
        with tempfile.TemporaryDirectory() as folder:
            callback = make(folder)
            given = keras.callbacks.CallbackList([callback], model=model, epochs=3, steps=3) if as_list else [callback]
            logs = fit(data, validation_data=data, epochs=3, callbacks=given)(model)
            if (kept := getattr(callback, "kept", None)) is not None:
                logs["what the callback kept"] = np.asarray(kept, "float64")
            return {**logs, **(read(model, folder, callback) if read else {})}

    return train


def _nan() -> Case:
    def labels() -> dict[str, np.ndarray]:
        given = targets()
        given["value"][5] = np.nan
        return given

    return Case(trunk, compiled(), _training(lambda folder: keras.callbacks.TerminateOnNaN(), labels, None))


def _stopping(monitor: str, **options: Any) -> Any:
    return keras.callbacks.EarlyStopping(monitor, patience=1, min_delta=10.0, restore_best_weights=True, **options)


def _plateau(monitor: str) -> Any:
    return keras.callbacks.ReduceLROnPlateau(monitor, factor=0.5, patience=1, min_delta=10.0)


def _checkpoint(folder: str, monitor: str) -> Any:
    return keras.callbacks.ModelCheckpoint(
        f"{folder}/best.weights.h5", monitor, save_weights_only=True, save_best_only=True
    )


def _saved_weights(model: Any, folder: str, callback: Any) -> Logs:
    """The weights that are loaded back, one after the other."""
    model.load_weights(f"{folder}/best.weights.h5")
    return _flat(getattr(model, "model", model))


def _saved_model(model: Any, folder: str, callback: Any) -> Logs:
    loaded = keras.models.load_model(f"{folder}/best.keras")
    return _flat(getattr(loaded, "model", loaded))


def _flat(model: keras.Model) -> Logs:
    return {"saved weights": np.concatenate([weight.ravel() for weight in model.get_weights()])}


def _logged_csv(model: Any, folder: str, callback: Any) -> Logs:
    with (Path(folder) / "logs.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {f"column {name}": np.array([float(row[name]) for row in rows]) for name in rows[0]}


def _history(model: Any, folder: str, callback: Any) -> Logs:
    return {f"history {name}": np.asarray(values) for name, values in callback.history.items()}


class _Recorder(keras.callbacks.Callback):
    """Every hook that Keras calls, counted, and the losses of all batches."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def on_train_batch_end(self, batch, logs=None):
        self.kept += [batch, logs["loss"]]

    def on_test_batch_end(self, batch, logs=None):
        self.kept += [batch, logs["loss"]]

    def on_epoch_begin(self, epoch, logs=None):
        self.kept += [epoch, self.params["epochs"], self.params["steps"]]


class _ReadsLayer(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        kernel = self.model.get_layer("trunk").kernel
        self.kept = [*getattr(self, "kept", []), float(keras.ops.sum(kernel))]


class _Slower(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.optimizer.learning_rate = 0.01 * (batch + 1)


class _Stops(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = batch == 1


class _Looks(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        predicted = self.model.predict(normal(4), verbose=0)
        self.kept = [*getattr(self, "kept", []), float(np.abs(predicted["value"]).sum())]

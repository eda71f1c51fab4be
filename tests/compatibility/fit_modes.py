"""Every way to run: `fit` with its arguments, `evaluate`, `predict`, the calls on one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from .case import Case, Logs, NotTrained, fit, history_logs, logs_of, of_uneven_batches
from .models import compiled, normal, targets, trunk, two_heads

SAMPLES = 14  # three batches of 4 and one of 2


def cases() -> dict[str, Case | NotTrained]:
    """By what is called."""
    slow_on_torch = keras.backend.backend() == "torch"
    return {
        "run_eagerly": _case(_fit(), run_eagerly=True),
        "jit_compile": _case(_fit(), jit_compile=True, slow=slow_on_torch),
        "jit_compile=False": _case(_fit(), jit_compile=False),
        "steps_per_execution=2": _case(_fit(epochs=2), steps_per_execution=2),
        "steps_per_execution=3, jit_compile": _case(
            _fit(epochs=2), steps_per_execution=3, jit_compile=True, slow=slow_on_torch
        ),
        "steps_per_execution, more than there are": _case(_fit(epochs=2), steps_per_execution=10),
        "auto_scale_loss=False": _case(_fit(), auto_scale_loss=False),
        "fit: uneven batches": _case(_fit(epochs=2)),
        "fit: shuffled": _case(_fit(epochs=2, shuffle=True)),
        "fit: one batch": _case(_fit(batch_size=SAMPLES)),
        "fit: the usual batch size": _case(_fit(batch_size=None)),
        "fit: validation_split": _case(_fit(validation_split=0.3, epochs=2)),
        "fit: validation_freq, validation_steps": _case(
            _fit(validation_data=_data, validation_freq=2, validation_steps=2, epochs=3)
        ),
        "fit: validation in one batch": _case(_fit(validation_data=_data, validation_batch_size=SAMPLES)),
        "fit: validation, uneven batches": _case(_fit(validation_data=_data)),
        "fit: steps_per_epoch": _case(_fit(steps_per_epoch=2, epochs=2)),
        "fit: initial_epoch": _case(_fit(initial_epoch=1, epochs=3)),
        "fit: twice": _case(_twice),
        "fit: verbose": _case(_fit(verbose=2)),
        "fit: class_weight": Case(_single, _one_loss, fit(_one, class_weight={0: 1.0, 1: 2.0, 2: 0.5})),
        "evaluate": _case(_evaluate),
        "evaluate: a list": _case(_evaluate_list),
        "predict": _case(_predict),
        "train_on_batch": _case(_train_on_batch),
        "train_on_batch: weights": _case(_train_on_weighted_batch),
        "train_on_batch: class_weight": Case(_single, _one_loss, _train_on_batch_by_class),
        "train_on_batch: a list": _case(_train_on_batch_list),
        "test_on_batch": _case(_test_on_batch),
        "predict_on_batch": _case(_predict_on_batch),
        "compile again": _case(_compiled_again),
        "save and load the weights": _case(_weights_back),
        "metrics_names, metrics": _case(_names_of_metrics),
    }


def _build() -> keras.Model:
    inputs = keras.Input((4,), name="x")
    hidden = layers.BatchNormalization()(layers.Dense(5, activation="tanh", kernel_regularizer="l2")(inputs))
    return two_heads(inputs, layers.Dropout(0.2)(hidden))


def _case(train: Callable[[Any], Logs], *, slow: bool = False, **arguments: Any) -> Case:
    metrics = {"value": "mae", "label": "accuracy"}
    changes = of_uneven_batches("value", "label")
    return Case(_build, compiled(metrics=lambda: dict(metrics), **arguments), train, changes, slow=slow)


def _data() -> tuple:
    return normal(4, samples=SAMPLES), targets(SAMPLES)


def _weights() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(5)
    return {name: generator.uniform(0, 2, SAMPLES).astype("float32") for name in ("value", "label")}


def _fit(**arguments: Any) -> Callable[[Any], Logs]:
    return fit(_data, **arguments)


def _single() -> keras.Model:
    model = trunk()
    return keras.Model(model.input, model.output["label"])


def _one() -> tuple:
    x, y = _data()
    return x, y["label"]


def _one_loss() -> dict[str, Any]:
    return {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "weighted_metrics": ["accuracy"]}


def _twice(model: Any) -> Logs:
    x, y = _data()
    runs = [model.fit(x, y, batch_size=4, shuffle=False, verbose=0) for _ in range(2)]
    return {f"{number} {name}": value for number, run in enumerate(runs) for name, value in history_logs(run).items()}


def _evaluate(model: Any) -> Logs:
    _twice(model)
    x, y = _data()
    return logs_of(model.evaluate(x, y, batch_size=4, sample_weight=_weights(), verbose=0, return_dict=True))


def _evaluate_list(model: Any) -> Logs:
    """As a list, the entries are those of `metrics_names`."""
    x, y = _data()
    values = model.evaluate(x, y, batch_size=4, verbose=0)
    return {"first": np.asarray(values[0], "float64")}


def _predict(model: Any) -> Logs:
    x, _ = _data()
    _twice(model)
    return logs_of(model.predict(x, batch_size=4, verbose=0))


def _on_batches(model: Any, method: str, batches: int = 2, weights: Any = None) -> Logs:
    x, y = _data()
    found: Logs = {}
    for number in range(batches):
        rows = slice(4 * number, 4 * number + 4)
        given = {} if weights is None else {"sample_weight": {name: w[rows] for name, w in weights.items()}}
        labels = {name: label[rows] for name, label in y.items()}
        logs = getattr(model, method)(x[rows], labels, return_dict=True, **given)
        found.update({f"{number} {name}": value for name, value in logs_of(logs).items()})
    return found


def _train_on_batch(model: Any) -> Logs:
    return _on_batches(model, "train_on_batch", 3)


def _train_on_weighted_batch(model: Any) -> Logs:
    return _on_batches(model, "train_on_batch", 3, _weights())


def _train_on_batch_by_class(model: Any) -> Logs:
    x, y = _one()
    return logs_of(model.train_on_batch(x, y, class_weight={0: 1.0, 1: 2.0, 2: 0.5}, return_dict=True))


def _train_on_batch_list(model: Any) -> Logs:
    values = model.train_on_batch(*_data())
    return {"first": np.asarray(values[0], "float64")}


def _test_on_batch(model: Any) -> Logs:
    _on_batches(model, "train_on_batch")
    return _on_batches(model, "test_on_batch", 2)


def _predict_on_batch(model: Any) -> Logs:
    _on_batches(model, "train_on_batch")
    return logs_of(model.predict_on_batch(_data()[0]))


def _compiled_again(model: Any) -> Logs:
    x, y = _data()
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    again = {"value": "mae", "label": "sparse_categorical_crossentropy"}
    model.compile(
        model.optimizer, loss=again, metrics={"value": "mse"}
    )  # without metrics Keras would keep the old ones
    return history_logs(model.fit(x, y, batch_size=4, shuffle=False, verbose=0))


def _weights_back(model: Any) -> Logs:
    first = model.get_weights()
    logs = _twice(model)
    model.set_weights(first)
    return {**logs, **{f"again {name}": value for name, value in _evaluate(model).items()}}


def _names_of_metrics(model: Any) -> Logs:
    """A log each for the names that Keras gives."""
    model.fit(*_data(), batch_size=4, shuffle=False, verbose=0)
    return {f"metric {name}": np.zeros(()) for name in model.get_metrics_result()}

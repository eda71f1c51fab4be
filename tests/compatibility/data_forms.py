"""Every form of data that Keras takes, with sample weights in each, uneven batches, and batches of varying length."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from .case import Case, NotTrained, fit, of_uneven_batches, on_tensorflow
from .models import compiled, normal, targets, trunk, two_heads

SAMPLES = 14  # three batches of 4 and one of 2
METRICS = {"value": ["mae"], "label": ["accuracy"]}


def cases() -> dict[str, Case | NotTrained]:
    """By the form, with and without weights."""
    found: dict[str, Case | NotTrained] = {}
    sources = {
        "tf.data": _tf_data,
        "tf.data of unknown length": lambda weights: _tf_data(weights).filter(lambda *batch: True),
        "tf.data, shuffled": lambda weights: _tf_data(weights, shuffle=True),
        "PyDataset": lambda weights: _Batches(weights),
        "PyDataset, 2 workers": lambda weights: _Batches(weights, workers=2),
        "DataLoader": _loader,
        "DataLoader, shuffled": lambda weights: _loader(weights, shuffle=True),
        "generator": _generator,
        "generator of tensors": lambda weights: (
            keras.tree.map_structure(keras.ops.convert_to_tensor, batch) for batch in _generator(weights)
        ),
    }
    for name, make in sources.items():
        for weights in (False, True):
            steps = {"steps_per_epoch": 4} if "generator" in name or "unknown" in name else {}
            train = fit(lambda make=make, weights=weights: (make(weights),), batch_size=None, **steps)
            found[name + (", weights" if weights else "")] = _case(train)
    for name, convert in {"arrays": np.asarray, "tensors": keras.ops.convert_to_tensor, **_frames()}.items():
        found[name] = _case(fit(lambda convert=convert: (convert(_x()), _each(_y(), convert))))
        found[f"{name}, weights"] = _case(
            fit(lambda convert=convert: (convert(_x()), _each(_y(), convert), _each(_weights(), convert)))
        )
    for name, dtype in {"float64": "float64", "float16": "float16", "int32": "int32", "uint8": "uint8"}.items():
        found[f"arrays: {name} inputs"] = _case(fit(lambda dtype=dtype: ((10 * abs(_x())).astype(dtype), _y())))
    return {
        **found,
        **_array_forms(),
        "PyDataset, 2 processes": _case(
            fit(lambda: (_Batches(True, workers=2, use_multiprocessing=True),), batch_size=None), slow=True
        ),
        "tf.data to an end that is not known": dataclasses.replace(
            _case(fit(lambda: (_tf_data(True).filter(lambda *batch: True),), batch_size=None)),
            keras_is_wrong=on_tensorflow(
                "its optimizer counts a step more, begun before it learns that the data have ended"
            ),
        ),
        "PyDataset of varying lengths": _varying(),
        "PyDataset of varying lengths, weights": _varying(weights=True),
        "validation: tf.data": _case(fit(lambda: (_x(), _y()), validation_data=lambda: _tf_data(True))),
        "validation: PyDataset": _case(fit(lambda: (_x(), _y()), validation_data=lambda: _Batches(True))),
        "validation: DataLoader": _case(fit(lambda: (_x(), _y()), validation_data=lambda: _loader(False))),
        "validation: arrays and weights": _case(
            fit(lambda: (_x(), _y()), validation_data=lambda: (_x(), _y(), _weights()))
        ),
    }


def _array_forms() -> dict[str, Case | NotTrained]:
    def data(**changes: Any) -> Callable[[], tuple]:
        return lambda: (_x(), {**_y(), **{key: make(_y()) for key, make in changes.items()}})

    def weighted(weights: Any) -> Callable[[], tuple]:
        return lambda: (_x(), _y(), weights)

    one = {"loss": "mse", "loss_weights": None, "metrics": lambda: ["mae"], "weighted_metrics": lambda: ["mse"]}
    return {
        "lists of numbers": _case(fit(lambda: (_x().tolist(), _each(_y(), lambda array: array.tolist())))),
        "labels in a column": _case(fit(data(label=lambda y: y["label"][:, None]))),
        "labels with a key too many": _case(fit(data(more=lambda y: y["label"]))),
        "labels without a key": _case(fit(lambda: (_x(), {"value": _y()["value"]}))),
        "labels as a tuple": _case(fit(lambda: (_x(), (_y()["value"], _y()["label"])))),
        "weights: one array": _case(fit(weighted(_weights()["value"]))),
        "weights: for one output": _case(fit(weighted({"value": _weights()["value"]}))),
        "weights: zero for all": _case(fit(weighted({name: np.zeros(SAMPLES, "float32") for name in _y()}))),
        "weights: whole numbers": _case(fit(weighted({name: np.arange(SAMPLES) % 3 for name in _y()}))),
        "weights: float64": _case(fit(weighted({name: w.astype("float64") for name, w in _weights().items()}))),
        "weights: in a column": _case(fit(weighted({name: w[:, None] for name, w in _weights().items()}))),
        "weights: a list": _case(fit(weighted(list(_weights().values())))),
        "one output": _case(fit(lambda: (_x(), _y()["value"])), _one, **one),
        "one output, weights": _case(fit(lambda: (_x(), _y()["value"], _weights()["value"])), _one, **one),
        "one output, weights in a column": _case(
            fit(lambda: (_x(), _y()["value"], _weights()["value"][:, None])), _one, **one
        ),
        "one output, a flat label": _case(fit(lambda: (_x(), _y()["value"][:, 0])), _narrow, **one),
        "one output, a label in a column": _case(fit(lambda: (_x(), _y()["value"][:, :1])), _narrow, **one),
        "one output, an output too wide": _case(fit(lambda: (_x(), _y()["value"][:, :1])), _one, **one),
        "weights for every step of a sequence": _steps((SAMPLES, 5)),
        "weights for every sequence": _steps((SAMPLES,)),
        "weights in a column for every sequence": _steps((SAMPLES, 1)),
        "no labels at all": _case(fit(lambda: (_x(),)), _adds, loss=None, loss_weights=None, metrics=None),
        "inputs in a dict": _case(fit(lambda: ({"x": _x()}, _y()))),
        "inputs in a list": _case(fit(lambda: ([_x()], _y()))),
    }


def _case(train: Any, build: Any = trunk, *, slow: bool = False, **arguments: Any) -> Case:
    given = {"metrics": lambda: dict(METRICS), "weighted_metrics": lambda: {"value": ["mse"]}, **arguments}
    given = {name: value for name, value in given.items() if not (name.endswith("metrics") and value is None)}
    if arguments.get("metrics", 0) is None:
        given.pop("weighted_metrics", None)
    return Case(build, compiled(**given), train, of_uneven_batches("value", "label"), slow=slow)


def _x() -> np.ndarray:
    return normal(4, samples=SAMPLES)


def _y() -> dict[str, np.ndarray]:
    return targets(SAMPLES)


def _weights() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(5)
    return {name: generator.uniform(0, 2, SAMPLES).astype("float32") for name in _y()}


def _each(arrays: dict[str, Any], convert: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: convert(array) for name, array in arrays.items()}


def _whole(weights: bool) -> tuple:
    return (_x(), _y(), _weights()) if weights else (_x(), _y())


def _rows(data: Any, rows: slice | int) -> Any:
    return keras.tree.map_structure(lambda array: array[rows], data)


class _Batches(keras.utils.PyDataset):
    def __init__(self, weights: bool, **kwargs: Any):
        super().__init__(**kwargs)
        self.weights = weights

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return _rows(_whole(self.weights), slice(4 * index, 4 * index + 4))


def _tf_data(weights: bool, shuffle: bool = False) -> Any:
    import tensorflow

    data = tensorflow.data.Dataset.from_tensor_slices(_whole(weights))
    return (data.shuffle(SAMPLES) if shuffle else data).batch(4)


def _loader(weights: bool, shuffle: bool = False) -> Any:
    import torch

    data = _whole(weights)
    rows = [_rows(data, index) for index in range(SAMPLES)]
    order = torch.Generator().manual_seed(1)
    return torch.utils.data.DataLoader(rows, batch_size=4, shuffle=shuffle, generator=order)


def _generator(weights: bool) -> Any:
    batches = _Batches(weights)
    while True:
        for index in range(4):
            yield batches[index]


def _frames() -> dict[str, Callable[[Any], Any]]:
    def pandas(array: Any) -> Any:
        import pandas

        return pandas.DataFrame(array) if array.ndim > 1 else pandas.Series(array)

    return {"DataFrames": pandas}


def _one() -> keras.Model:
    model = trunk()
    return keras.Model(model.input, model.output["value"])


def _narrow() -> keras.Model:
    inputs = keras.Input((4,), name="x")
    return keras.Model(inputs, layers.Dense(1, name="value")(inputs))


def _adds() -> keras.Model:
    return trunk(activity_regularizer="l2")


def _steps(shape: tuple[int, ...]) -> Case:
    """A label at every step, and weights of some shape."""

    def build() -> keras.Model:
        inputs = keras.Input((5, 4), name="x")
        return keras.Model(inputs, layers.Dense(2, name="value")(layers.GRU(3, return_sequences=True)(inputs)))

    def data() -> tuple:
        weights = np.random.default_rng(5).uniform(0, 2, shape).astype("float32")
        return normal(5, 4, samples=SAMPLES), normal(5, 2, samples=SAMPLES, seed=4), weights

    return Case(build, compiled(loss="mse", loss_weights=None, weighted_metrics=lambda: ["mae"]), fit(data))


class _Varying(keras.utils.PyDataset):
    """Sequences that are longer in each batch."""

    def __init__(self, weights: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.weights = weights

    def __len__(self):
        return 3

    def __getitem__(self, index):
        batch = (normal(3 + index, 4, samples=4, seed=index), targets(4, seed=index))
        weights = {name: np.arange(4, dtype="float32") + index for name in batch[1]}
        return (*batch, weights) if self.weights else batch


def _varying(weights: bool = False) -> Case:
    def build() -> keras.Model:
        inputs = keras.Input((None, 4), name="x")
        return two_heads(inputs, layers.GRU(3)(inputs))

    return Case(build, compiled(), fit(lambda: (_Varying(weights),), batch_size=None, epochs=2))

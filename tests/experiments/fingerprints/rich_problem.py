"""A problem that uses much of what a problem may, in variants; it stands for what a user writes."""

from __future__ import annotations

import keras
import numpy as np

import multiloss as ml
from multiloss.experiments.runs import Contender, of_contender, of_problem, of_start
from multiloss.experiments.runs._initial_model import InitialModel


class Smooth(keras.losses.Loss):
    """A loss of one's own."""

    def __init__(self, margin=0.1, name=None):
        super().__init__(name=name)
        self.margin = margin

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.softplus(keras.ops.abs(y_true - y_pred) - self.margin), axis=-1)


class Scaled(keras.layers.Layer):
    """A layer of one's own, without a config."""

    def __init__(self, factor, function):
        super().__init__()
        self.factor = factor
        self.function = function

    def call(self, x):
        return self.function(x) * self.factor


class Own(keras.Model):
    """A model of one's own."""

    def __init__(self, width=3, offset=0.5):
        super().__init__()
        self.trunk = [keras.layers.Dense(width, activation=lambda x: x + offset)]
        self.heads = {"size": keras.layers.Dense(1, name="size"), "kind": keras.layers.Dense(2, name="kind")}

    def call(self, x):
        for layer in self.trunk:
            x = layer(x)
        return {name: head(x) for name, head in self.heads.items()}


def build(
    activation="tanh", rate=0.1, regularizer=None, constraint=None, factor=2.0, function=keras.ops.relu, dtype=None
):
    x = keras.Input((4,))
    y = keras.layers.Dense(5, activation=activation, kernel_regularizer=regularizer, kernel_constraint=constraint)(x)
    y = keras.layers.BatchNormalization(momentum=0.9)(keras.layers.Dropout(rate)(y))
    y = Scaled(factor, function)(y) + keras.layers.Lambda(lambda z: z * 0.5)(y)
    heads = {"size": keras.layers.Dense(1, name="size", dtype=dtype), "kind": keras.layers.Dense(2, name="kind")}
    return keras.Model(x, {name: head(y) for name, head in heads.items()})


def sequential(momentum=0.9, units=(3, 3)):
    layers = [keras.layers.Dense(each) for each in units]
    return keras.Sequential([keras.Input((4,)), *layers, keras.layers.BatchNormalization(momentum=momentum)])


def crossed(swapped=False):
    """Two layers of the same shapes, whose order in the difference is all that tells two variants apart."""
    x = keras.Input((4,))
    first = keras.layers.Dense(4)(x)
    second = keras.layers.Dense(4)(first)
    return keras.Model(x, keras.layers.Subtract()([second, first] if swapped else [first, second]))


def own(width=3, offset=0.5):
    model = Own(width, offset)
    model(np.zeros((1, 4), "float32"))
    return model


def arrays(row=None, key="size"):
    generator = np.random.default_rng(3)
    x = generator.normal(size=(600, 4)).astype("float32")
    y = {key: x[:, :1] * 3.0, "kind": (x[:, 1:2] > 0).astype("int32")}
    if row is not None:
        y["kind"][row] = 1 - y["kind"][row]
    return x, y


def losses(delta=1.0, margin=0.1, scale="running_mean", weights=None, penalty="l2"):
    return {
        "size": {"huber": ml.Term(keras.losses.Huber(delta=delta), scale=scale), "smooth": Smooth(margin)},
        "kind": ml.Term(keras.losses.SparseCategoricalCrossentropy(from_logits=True), class_weight=weights),
        "small": ml.WeightPenalty(penalty, layers="size"),
    }


def metrics():
    return {"size": [keras.metrics.MeanAbsoluteError()], "kind": [keras.metrics.MeanMetricWrapper(own_metric)]}


def make(**changes):
    settings = {
        "name": "rich",
        "build_model": build,
        "loss": losses,
        "train": arrays(),
        "validation": arrays(),
        "metrics": lambda: {
            "size": [keras.metrics.MeanAbsoluteError()],
            "kind": [keras.metrics.MeanMetricWrapper(own_metric)],
        },
        "score": {"size_mean_absolute_error": "min"},
        "loss_weights": {"size/huber": ml.schedules.Linear(1.0, 0.5, steps=10), "kind": 2.0},
        "optimizer": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 100)),
    }
    return ml.Problem(**{**settings, **changes})


@keras.saving.register_keras_serializable("rich_problem")
def own_metric(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(keras.ops.cast(y_true, y_pred.dtype) - y_pred[..., :1]), axis=-1)


def depends(problem, contender=None, seed=0):
    start = of_start(InitialModel(problem, seed))
    return of_problem(problem) | start | of_contender(problem, contender or Contender(ml.balancers.get("dwa")))

"""A problem of three terms, and a training of it that is a formula: a search needs no model to be tested."""

from __future__ import annotations

import math
from types import SimpleNamespace

import keras
import numpy as np

from multiloss import Problem
from multiloss.experiments import Run
from multiloss.experiments.runs._train import Trained

TERMS = ("mask", "label", "size")
SCORE = {"label_accuracy": "max", "size_mae": "min"}


def build_model(activation=None):
    image = keras.Input((4,))
    shared = keras.layers.Dense(3, activation=activation)(image)
    return keras.Model(image, {name: keras.layers.Dense(1, name=name)(shared) for name in TERMS})


def make_problem(**changes):
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    data = x, {"mask": x[:, :1], "label": x[:, 1:2], "size": 100.0 * x[:, 2:3]}
    arguments = {
        "name": "three terms",
        "build_model": build_model,
        "loss": dict.fromkeys(TERMS, "mse"),
        "train": data,
        "validation": data,
        "metrics": {"mask": "mae", "label": "accuracy", "size": "mae"},
        "score": SCORE,
        "batch_size": 16,
    }
    return Problem(**(arguments | changes))


class FormulaTraining:
    """Stands for `train`: metrics that are best at size : mask = 1 : 1000, whatever the weight of the label.

    Attributes:
        weights: what each call was given.
        fails: says of some weights that training with them fails.
    """

    def __init__(self):
        self.weights = []
        self.fails = lambda weights: False
        self.seeds = []

    def metrics(self, weights, epoch, epochs):
        weights = dict.fromkeys(TERMS, 1.0) if weights is None else weights
        distance = abs(math.log10(weights["size"] / weights["mask"]) + 3.0)
        unfinished = 0.1 * (epochs - epoch)
        return {
            "label_accuracy": 0.9 / (1.0 + 0.2 * distance + unfinished),
            "size_mae": 10.0 * (1.0 + distance + unfinished),
        }

    def __call__(self, problem, initial, label, balancer, *, epochs, report, loss_weights=None, callbacks=(), **rest):
        self.weights.append(loss_weights)
        self.seeds.append(initial.seed)
        model = SimpleNamespace(stop_training=False)
        for callback in callbacks:
            callback.set_params({"epochs": epochs})
            callback.set_model(model)
        if self.fails(loss_weights):
            return Trained(Run(label, initial.seed, error="FloatingPointError: term 'size' is not finite"), {})
        metrics = {}
        for epoch in range(epochs):
            metrics = self.metrics(loss_weights, epoch + 1, epochs)
            for callback in callbacks:
                callback.on_epoch_end(epoch, {f"val_{name}": value for name, value in metrics.items()})
            report(epoch + 1)
            if model.stop_training:
                break
        return Trained(Run(label, initial.seed, metrics, seconds=0.01), {})

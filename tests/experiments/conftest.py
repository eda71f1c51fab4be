"""A problem small enough to be trained in every test: two outputs of four numbers."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

import multiloss as ml
from multiloss._core.balancer import Balancer, Needs
from multiloss.experiments.comparison import _plan
from multiloss.experiments.runs import train


class Equal(Balancer):
    """Equal weights."""

    needs = Needs.LOSSES

    def raw_weights(self, signals, state):
        return keras.ops.ones_like(signals.losses), state


class NotFinite(Balancer):
    """Weights that are not numbers."""

    needs = Needs.LOSSES

    def raw_weights(self, signals, state):
        return signals.losses * float("nan"), state


def build_model():
    x = keras.Input((4,))
    shared = keras.layers.Dense(6, activation="tanh")(x)
    # Dropout: the seed generators must start alike as well. The output layers have no names of their own.
    dropped = keras.layers.Dropout(0.1)(shared)
    return keras.Model(
        x, {"size": keras.layers.Dense(1)(dropped), "kind": keras.layers.Dense(3, activation="softmax")(dropped)}
    )


def make_problem(**changes):
    generator = np.random.default_rng(7)
    x = generator.normal(size=(72, 4)).astype("float32")
    y = {"size": 10.0 * x[:, :1] + 3.0, "kind": np.argmax(x[:, :3], axis=1)[:, None].astype("int32")}
    parts = [(x[rows], {name: target[rows] for name, target in y.items()}) for rows in (slice(0, 52), slice(52, 72))]
    settings = {
        "name": "tiny",
        "build_model": build_model,
        "loss": {"size": "mse", "kind": "sparse_categorical_crossentropy"},
        "train": parts[0],
        "validation": parts[1],
        "metrics": {"size": ["mae"], "kind": ["accuracy"]},
        "score": {"size_mae": "min", "kind_accuracy": "max"},
        "batch_size": 16,
        "description": "Two outputs of four numbers.",
    }
    return ml.Problem(**{**settings, **changes})


@pytest.fixture(name="make_problem", scope="session")
def make_problem_fixture():
    return make_problem


@pytest.fixture
def equal():
    return Equal()


@pytest.fixture
def trainings(monkeypatch):
    """The labels and seeds of what `compare` trains, as they are trained."""
    found = []

    def counted(problem, initial, label, *arguments, **options):
        found.append((label, initial.seed))
        return train(problem, initial, label, *arguments, **options)

    monkeypatch.setattr(_plan, "train", counted)
    return found


def as_trained(comparison):
    """The comparison without what is told of where its runs come from."""
    return replace(comparison, runs=[replace(run, stored=False, anew="") for run in comparison.runs]).to_dict()


@pytest.fixture(name="as_trained", scope="session")
def as_trained_fixture():
    return as_trained


@pytest.fixture
def not_finite():
    return NotFinite()

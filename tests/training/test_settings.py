"""The settings of a trainer: flat, plain, and different where the trainers are."""

import json

import keras
import pytest

import multiloss as ml

pytestmark = pytest.mark.one_backend


def trainer(**changes):
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3)(inputs)
    outputs = {"mask": keras.layers.Dense(1)(hidden), "size": keras.layers.Dense(1)(hidden)}
    arguments = {
        "loss": {"mask": {"dice": ml.losses.Dice(), "bce": "binary_crossentropy"}, "size": "mse"},
        "loss_weights": {"size": 0.5},
        "balancer": ml.aggregation.CAGrad(c=0.25),
        "on_nonfinite": "skip",
    }
    return ml.compile(keras.Model(inputs, outputs), keras.optimizers.SGD(0.125), **(arguments | changes))


def test_they_say_what_was_given():
    found = trainer().settings()
    expected = {
        "term/mask/dice/balanced": True,
        "term/mask/bce/weight": 1.0,
        "term/size/weight": 0.5,
        "term/size/scale": "Constant()",
        "balancer": "cagrad",
        "balancer/c": 0.25,
        "balancer/normalize": "sum_to_k",
        "optimizer": "SGD",
        "optimizer/learning_rate": 0.125,
        "on_nonfinite": "skip",
        "backend": keras.backend.backend(),
        "version/keras": keras.__version__,
    }
    assert {key: found[key] for key in expected} == expected


def test_they_are_flat_and_plain():
    made = trainer(
        balancer=ml.weighting.Smoothed("uncertainty"),
        loss_weights={"size": ml.schedules.Linear(0.0, 1.0, steps=10)},
        loss={"mask": ml.Constraint("binary_crossentropy", 0.5), "size": ml.Term("mse", scale="running_mean")},
    )
    found = made.settings()
    assert json.loads(json.dumps(found)) == found
    assert all(isinstance(value, str | int | float | bool) for value in found.values())
    assert found["term/size/weight_schedule"] == "Linear(start=0.0, end=1.0, steps=10)"
    assert "Uncertainty" in found["balancer/balancer"]


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({"loss_weights": {"size": 0.25}}, {"term/size/weight"}),
        ({"balancer": ml.aggregation.CAGrad(c=0.75)}, {"balancer/c"}),
        ({"on_nonfinite": "raise"}, {"on_nonfinite"}),
    ],
)
def test_what_differs_shows(change, keys):
    first, second = trainer().settings(), trainer(**change).settings()
    assert {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)} == keys


def test_a_schedule_of_the_learning_rate_is_told_in_words():
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.5)
    inputs = keras.Input((4,))
    made = ml.compile(keras.Model(inputs, keras.layers.Dense(1)(inputs)), keras.optimizers.Adam(rate), loss="mse")
    told = made.settings()["optimizer/learning_rate"]
    assert told.startswith("ExponentialDecay(initial_learning_rate=0.1, decay_steps=100")

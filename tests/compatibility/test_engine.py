"""The engine notices what it is there for: wrong weights, wrong slots, wrong and missing logs, refusals."""

import keras
import numpy as np
import pytest

import multiloss as ml
from compatibility import engine
from compatibility.case import DIFFERS, KERAS_FAILS, REFUSED, SAME, Case
from compatibility.models import normal, trained, trunk, trunk_case

pytestmark = pytest.mark.one_backend


def _changed(change):
    """The usual case; only multiloss's trainer is changed before it trains."""
    usual = trunk_case()

    def train(model):
        if isinstance(model, ml.MultiLossModel):
            change(model)
        return usual.train(model)

    return Case(usual.build, usual.arguments, train)


def test_the_same():
    found = engine.verdict(trunk_case())
    assert found.kind == SAME
    assert found.difference < 1e-6


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda trainer: trainer.terms["label"].weight.assign(2.001), "weight"),
        (lambda trainer: trainer.model.layers[1].bias.assign(np.full(6, 1e-5, "float32")), "weight"),
        (lambda trainer: setattr(trainer.optimizer, "momentum", 0.899), "slot"),
    ],
)
def test_a_training_that_differs(change, where):
    found = engine.verdict(_changed(change))
    assert found.kind == DIFFERS
    assert where in found.why


@pytest.mark.parametrize("value", [None, 1.001, np.nan])
def test_a_log_that_differs(value):
    def train(model):
        logs = trained(lambda: normal(4))(model)
        if isinstance(model, ml.MultiLossModel):
            del logs["val_value_loss"]
            if value is not None:
                logs["val_value_loss"] = np.array([value])
        return {**logs, **({} if isinstance(model, ml.MultiLossModel) else {"val_value_loss": np.ones(1)})}

    usual = trunk_case()
    found = engine.verdict(Case(usual.build, usual.arguments, train))
    assert found.kind == DIFFERS
    assert "val_value_loss" in found.why
    excused = Case(usual.build, usual.arguments, train, changes={"*value_loss": "for a reason"})
    assert engine.verdict(excused).why == "but `val_value_loss`: for a reason"


def test_a_refusal_and_a_failure_of_keras():
    def subclass():
        keras.utils.set_random_seed(0)
        return _OwnStep(trunk())

    usual = trunk_case()
    assert engine.verdict(Case(subclass, usual.arguments, usual.train)).kind == REFUSED
    fails = engine.verdict(trunk_case(loss={"value": "no_such_loss"}, loss_weights=None))
    assert fails.kind == KERAS_FAILS
    assert "no_such_loss" in fails.why


class _OwnStep(keras.Model):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, x):
        return self.model(x)

    def train_step(self, *arguments):
        return super().train_step(*arguments)

"""After-update losses: the same batch, the updated weights, the same dropout; nothing else moves."""

import keras
import numpy as np
import pytest
from keras import ops
from models import data, largest_difference, losses, two_heads, weights_of

import multiloss as ml
from multiloss import Balancer, Needs


@keras.saving.register_keras_serializable("tests")
class Recorder(Balancer):
    """Equal weights; keeps the losses of both looks."""

    needs = Needs.LOSSES
    reads_after_update = True

    def init(self, num_terms):
        return {"first": np.zeros(num_terms, "float32"), "second": np.zeros(num_terms, "float32")}

    def raw_weights(self, signals, state):
        return ops.ones_like(signals.losses), {**state, "first": signals.losses}

    def after_update(self, signals, state):
        return {**state, "second": signals.losses}


def looks(trainer):
    return [ops.convert_to_numpy(trainer.state[f"balancer/{key}"]) for key in ("first", "second")]


def test_it_sees_the_updated_weights_and_the_same_scale():
    x, y = data()
    model = two_heads(norm=True)
    loss = {**losses(), "value": ml.Term("mse", scale=4.0)}
    trainer = ml.compile(model, keras.optimizers.SGD(0.1), loss=loss, balancer=Recorder())
    reference = ml.compile(two_heads(norm=True), keras.optimizers.SGD(0.1), loss=loss, balancer="fixed")
    for step in range(2):
        logs = trainer.train_on_batch(x, y, return_dict=True)
        plain = reference.train_on_batch(x, y, return_dict=True)
        assert logs["loss"] == pytest.approx(plain["loss"], rel=1e-6)
        # The look trains nothing and moves no BatchNorm statistics.
        assert largest_difference(weights_of(model), weights_of(reference.model)) < 1e-7
        first, second = looks(trainer)
        predicted = model(x, training=True)
        after = np.mean((ops.convert_to_numpy(predicted["value"]) - y["value"]) ** 2) / 4.0
        model.set_weights(weights_of(reference.model))  # undo the statistics of the call above
        assert first[0] == pytest.approx(logs["value_loss"] / 4.0, rel=1e-5), step
        assert second[0] == pytest.approx(after, rel=1e-5)
        assert second[0] < first[0]


def test_dropout_drops_the_same_twice():
    x, y = data()
    trainer = ml.compile(two_heads(dropout=0.5), keras.optimizers.SGD(0.0), loss=losses(), balancer=Recorder())
    seen = []
    for _ in range(3):
        trainer.train_on_batch(x, y)
        first, second = looks(trainer)
        np.testing.assert_allclose(first, second, rtol=1e-6)
        seen.append(first[0])
    assert len(set(seen)) == 3


def test_a_step_that_is_not_applied_is_not_looked_at():
    x, y = data()
    trainer = ml.compile(two_heads(), "sgd", loss=losses(), balancer=Recorder(), on_nonfinite="skip")
    trainer.train_on_batch(x, y)
    before = looks(trainer)
    trainer.train_on_batch(x, {**y, "value": np.full_like(y["value"], np.nan)})
    assert largest_difference(before, looks(trainer)) == 0.0
    assert trainer.skipped_steps == 1


def test_smoothed_gradient_balancers_still_read_gradients():
    x, y = data()
    for inner, heads in (
        (ml.aggregation.PCGrad(order="fixed"), None),
        (ml.aggregation.MGDA(heads="weighted"), "weighted"),
    ):
        balancer = ml.weighting.Smoothed(inner, decay=0.0)
        trainer = ml.compile(two_heads(), keras.optimizers.SGD(0.1), loss=losses(), balancer=balancer)
        plain = ml.compile(two_heads(), keras.optimizers.SGD(0.1), loss=losses(), balancer=inner)
        assert trainer.program.objective.balancing.splits_heads == (heads is None)
        for each in (trainer, plain):
            each.fit(x, y, batch_size=16, shuffle=False, verbose=0)
        assert largest_difference(weights_of(trainer.model), weights_of(plain.model)) < 1e-6

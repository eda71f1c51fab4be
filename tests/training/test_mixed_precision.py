"""Half precision: losses and balancing in float32, and a step that loss scaling skips advances nothing."""

import keras
import numpy as np
import pytest
from models import data, largest_difference, losses, weights_of

import multiloss as ml


def _half_model(policy):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="tanh", name="trunk", dtype=policy)(inputs)
    heads = {
        "value": keras.layers.Dense(2, name="value_head", dtype=policy)(hidden),
        "label": keras.layers.Dense(3, activation="softmax", name="label_head", dtype=policy)(hidden),
    }
    return keras.Model(inputs, heads)


@pytest.mark.parametrize("balancer", [None, "mgda"])
def test_bfloat16_trains(balancer):
    x, y = data()
    trainer = ml.compile(_half_model("mixed_bfloat16"), keras.optimizers.Adam(0.01), loss=losses(), balancer=balancer)
    history = trainer.fit(x, y, epochs=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_step_that_loss_scaling_skips_advances_nothing():
    x, y = data(16)
    model = _half_model("mixed_float16")
    # A scale so large that the first gradients overflow in half precision.
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**24)
    trainer = ml.compile(model, optimizer, loss=losses(), balancer="uncertainty")
    before = weights_of(model)
    steps = []
    for _ in range(12):
        trainer.train_on_batch(x, y)
        steps.append(int(keras.ops.convert_to_numpy(trainer.state["step"])))
        if steps[-1] == 0:
            assert largest_difference(before, weights_of(model)) == 0.0
    applied = int(keras.ops.convert_to_numpy(optimizer.inner_optimizer.iterations))
    assert steps[0] == 0
    assert steps[-1] == applied
    assert 0 < applied < 12
    assert np.isfinite(np.concatenate([weight.ravel() for weight in weights_of(model)])).all()

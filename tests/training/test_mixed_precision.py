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


@keras.saving.register_keras_serializable("tests")
def endless_slope(y_true, y_pred):
    """Finite, with an infinite gradient at 0, which is where the prediction is."""
    return keras.ops.sum(keras.ops.sqrt(keras.ops.abs(0.0 * y_pred + keras.ops.stop_gradient(0.0 * y_pred))), axis=-1)


@pytest.mark.parametrize("mode", ["raise", "skip"])
def test_overflow_is_keras_affair_only_while_its_scale_can_fall(mode):
    """From 2^-14 the scale falls to 2^-16 in two steps; the third gradient that is not finite is none that it mends."""
    x, y = data(16)
    model = _half_model("mixed_float16")
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**-14)
    trainer = ml.compile(model, optimizer, loss={**losses(), "value": endless_slope}, on_nonfinite=mode)
    before = weights_of(model)
    for _ in range(2):
        logs = trainer.train_on_batch(x, y, return_dict=True)
        assert np.isnan(list(logs.values())).all()
    if mode == "raise":
        with pytest.raises(ValueError, match=r"gradient of term 'value' is not finite in step 0, although"):
            trainer.train_on_batch(x, y)
    else:
        trainer.train_on_batch(x, y)
        assert trainer.skipped_steps == 1
    assert largest_difference(before, weights_of(model)) == 0.0


def test_an_epoch_that_overflows_as_a_whole_warns():
    x, y = data(16)
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**40)
    trainer = ml.compile(_half_model("mixed_float16"), optimizer, loss=losses())
    with pytest.warns(UserWarning, match=r"No step of epoch 1 was applied.*logs are NaN"):
        history = trainer.fit(x, y, batch_size=8, verbose=0).history
    assert np.isnan(history["loss"][0])

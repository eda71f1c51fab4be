"""Traps of Keras 3, each with the behaviour that holds here; the others have tests beside their subject.

Facts 8-11 (saving, recompiling) are in test_state.py, 5 and 13 (data) in test_data.py, 12 (forms) in test_errors.py.
"""

import keras
import numpy as np
import pytest
from models import data, largest_difference, losses, two_heads, weights_of

import multiloss as ml


class _Ones(ml.aggregation.Aggregator):
    """Reads the Gramian and weighs all terms alike: must train as plain Keras does."""

    def raw_weights(self, signals, state):
        return keras.ops.ones_like(signals.losses), state


def test_1_a_loss_with_variables_is_refused():
    class Learned(keras.losses.Loss):
        def __init__(self):
            super().__init__()
            self.log_variance = keras.Variable(0.0)

        def call(self, y_true, y_pred):
            return keras.ops.exp(-self.log_variance) * keras.ops.mean(keras.ops.square(y_true - y_pred), -1)

    with pytest.raises(ValueError, match=r"holds variables.*log_variance.*balancer='uncertainty'"):
        ml.Term(Learned())


@pytest.mark.parametrize("eager", [False, True])
def test_2_and_4_state_moves_and_is_right(eager):
    """The running mean over compiled steps against NumPy: nothing lost on JAX, no alias on PyTorch."""
    x, y = data(16)
    model = two_heads()
    term = ml.Term("mse", scale=ml.scales.RunningMean(decay=0.9))
    trainer = ml.compile(model, keras.optimizers.SGD(0.05), loss={**losses(), "value": term}, run_eagerly=eager)
    mean, expected, seen = 0.0, [], []
    for step in range(1, 5):
        logs = trainer.train_on_batch(x, y, return_dict=True)
        mean = 0.9 * mean + 0.1 * logs["value_loss"]
        expected.append(1.0 / (mean / (1 - 0.9**step)))
        seen.append(logs["value_weight"])
    np.testing.assert_allclose(seen, expected, rtol=1e-4)


def test_3_learned_weights_are_not_the_users_optimizers():
    model = two_heads()
    trainer = ml.compile(model, "adam", loss=losses(), balancer="uncertainty")
    assert [v.path for v in trainer.trainable_variables] == [v.path for v in model.trainable_variables]
    x, y = data()
    trainer.fit(x, y, verbose=0)
    plain = two_heads()
    plain.compile("adam", loss={"value": "mse", "label": "sparse_categorical_crossentropy"})
    plain.fit(x, y, verbose=0)
    assert len(trainer.optimizer.variables) == len(plain.optimizer.variables)
    moved = trainer.state.read("balancer/")
    assert max(float(np.abs(keras.ops.convert_to_numpy(value)).max()) for value in moved.values()) > 0


def test_6_and_7_the_models_own_losses_are_a_named_term():
    class Adds(keras.layers.Layer):
        def call(self, inputs):
            self.add_loss(keras.ops.mean(keras.ops.square(inputs)))
            return inputs

    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    hidden = Adds()(inputs)
    hidden = keras.layers.Dense(3, activity_regularizer=keras.regularizers.L2(0.1), kernel_regularizer="l1")(hidden)
    model = keras.Model(inputs, keras.layers.Dense(2, name="out")(hidden))
    x, y = data()
    plain = keras.models.clone_model(model)
    plain.set_weights(model.get_weights())
    plain.compile("sgd", loss="mse")
    trainer = ml.compile(model, "sgd", loss="mse")
    logs = trainer.evaluate(x, y["value"], batch_size=48, verbose=0, return_dict=True)
    expected = plain.evaluate(x, y["value"], batch_size=48, verbose=0)
    assert logs["out_loss"] + logs["regularization_loss"] == pytest.approx(expected, rel=1e-5)
    assert logs["regularization_loss"] > 0.5
    trainer.terms["regularization"].weight.assign(0.0)
    weighted = trainer.evaluate(x, y["value"], batch_size=48, verbose=0, return_dict=True)
    assert weighted["loss"] == pytest.approx(logs["out_loss"], rel=1e-5)


def test_14_every_exported_keras_loss_is_known():
    names = [
        name
        for name, value in vars(keras.losses).items()
        if isinstance(value, type) and issubclass(value, keras.losses.Loss) and value is not keras.losses.Loss
    ]
    assert "CategoricalGeneralizedCrossEntropy" in names
    for name in names:
        assert ml.Term(name).function.name


@pytest.mark.parametrize("options", [{"norm": True, "dropout": 0.3, "regularizer": "l2"}], ids=str)
def test_16_gradient_balancers_keep_norms_seeds_and_regularisers(options):
    x, y = data()
    plain, model = two_heads(**options), two_heads(**options)
    plain.compile(keras.optimizers.Adam(0.01), loss={"value": "mse", "label": "sparse_categorical_crossentropy"})
    trainer = ml.compile(model, keras.optimizers.Adam(0.01), loss=losses(), balancer=_Ones())
    for network in (plain, trainer):
        network.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert largest_difference(weights_of(plain), weights_of(model)) < 2e-6


def _sequence_model():
    keras.utils.set_random_seed(5)
    inputs = keras.Input((6,), dtype="int32")
    hidden = keras.layers.LSTM(5)(keras.layers.Embedding(11, 4)(inputs))
    unused = keras.layers.Dense(2, name="without_a_term")(hidden)
    heads = {"value": keras.layers.Dense(2)(hidden), "label": keras.layers.Dense(3, activation="softmax")(hidden)}
    return keras.Model(inputs, {**heads, "unused": unused})


def test_17_18_22_embedding_lstm_and_an_output_without_a_term():
    tokens = np.random.default_rng(0).integers(0, 11, (32, 6))
    y = data(32)[1]
    plain, model = _sequence_model(), _sequence_model()
    plain.compile(
        keras.optimizers.SGD(0.1), loss={"value": "mse", "label": "sparse_categorical_crossentropy", "unused": None}
    )
    with pytest.warns(UserWarning, match="Gradients do not exist") if keras.backend.backend() != "jax" else _nothing():
        plain.fit(tokens, {**y, "unused": y["value"]}, batch_size=16, epochs=2, shuffle=False, verbose=0)
    trainer = ml.compile(model, keras.optimizers.SGD(0.1), loss=losses(), balancer=_Ones())
    trainer.fit(tokens, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert largest_difference(weights_of(plain), weights_of(model)) < 2e-6


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *args):
        return None


def test_shared_variables_are_found_by_structure_not_by_values():
    """A dead trunk has zero gradients, and is shared all the same."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    trunk = keras.layers.Dense(6, activation="relu", name="trunk", bias_initializer=keras.initializers.Constant(-1e3))
    hidden = trunk(inputs)
    private = keras.layers.Dense(4, name="private")(hidden)
    stopped = keras.layers.Lambda(keras.ops.stop_gradient, name="stop")(
        keras.layers.Dense(3, name="behind_stop")(hidden)
    )
    outputs = {
        "value": keras.layers.Dense(2, name="value_head")(private),
        "label": keras.layers.Dense(3, activation="softmax", name="label_head")(hidden),
        "stopped": keras.layers.Dense(2, name="stopped_head")(stopped),
    }
    model = keras.Model(inputs, outputs)
    x, y = data()
    trainer = ml.compile(model, "sgd", loss={**losses(), "stopped": "mse"}, balancer="mgda")
    with pytest.warns(UserWarning, match="cannot weigh 'stopped'"):
        trainer.train_on_batch(x, {**y, "stopped": y["value"]})
    variables = model.trainable_variables
    shared = {variables[index].path for index in trainer.program.plan.sharing.shared}
    assert shared == {"trunk/kernel", "trunk/bias"}


def test_term_that_reaches_nothing_is_reported_once_by_name():
    def rounded(y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - keras.ops.stop_gradient(y_pred)), axis=-1)

    x, y = data(16)
    trainer = ml.compile(two_heads(), "sgd", loss={**losses(), "value": rounded})
    with pytest.warns(UserWarning, match="No trainable variable is reached by: 'value'") as caught:
        trainer.fit(x, y, epochs=2, verbose=0)
    assert len([w for w in caught if "is reached by" in str(w.message)]) == 1

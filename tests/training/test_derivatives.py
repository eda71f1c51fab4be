"""Derivatives of outputs by inputs against formulas and finite differences, and physics-informed models in `fit`."""

import keras
import numpy as np
import pytest
from keras import ops

import multiloss as ml
from backend import NAME, compiled, double_precision

POINTS = np.random.default_rng(0).uniform(-1, 1, (7, 2)).astype("float32")


def _arrays(structure):
    return keras.tree.map_structure(ops.convert_to_numpy, structure)


def _polynomials(p):
    t, x = p[:, 0], p[:, 1]
    return ops.stack([t**2 * x + 3 * t, 2 * x**3, 5 * t], axis=1)


def test_polynomials_of_two_inputs():
    t, x = POINTS.T
    zero, one = np.zeros(7), np.ones(7)
    value, first, second = _arrays(ml.derivatives(_polynomials, POINTS, order=2))
    np.testing.assert_allclose(value, np.stack([t**2 * x + 3 * t, 2 * x**3, 5 * t], 1), rtol=1e-5, atol=1e-6)
    expected = [[2 * t * x + 3, t**2], [zero, 6 * x**2], [5 * one, zero]]
    np.testing.assert_allclose(first, np.moveaxis(np.array(expected), 2, 0), rtol=1e-5, atol=1e-6)
    expected = [[[2 * x, 2 * t], [2 * t, zero]], [[zero, zero], [zero, 12 * x]], np.zeros((2, 2, 7))]
    np.testing.assert_allclose(second, np.moveaxis(np.array(expected), 3, 0), rtol=1e-5, atol=1e-6)
    again = _arrays(ml.derivatives(_polynomials, POINTS))
    assert len(again) == 2
    np.testing.assert_allclose(again[1], first, rtol=1e-6)


def _heat(p):
    """Exactly u_t = 0.1 u_xx."""
    return ops.exp(-0.1 * p["t"]) * ops.sin(p["x"])


def test_inputs_and_outputs_by_name():
    columns = {"t": POINTS[:, :1], "x": POINTS[:, 1:]}
    function = compiled(lambda p: ml.derivatives(lambda q: {"u": _heat(q), "t": 2 * q["t"]}, p, order=2))
    value, first, second = _arrays(function(keras.tree.map_structure(ops.convert_to_tensor, columns)))
    u = np.exp(-0.1 * columns["t"]) * np.sin(columns["x"])
    np.testing.assert_allclose(value["u"], u, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(first["u"]["t"][:, :, 0], -0.1 * u, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(second["u"]["x"]["x"][:, :, 0, 0], -u, rtol=1e-4, atol=1e-6)
    mixed = -0.1 * np.exp(-0.1 * columns["t"]) * np.cos(columns["x"])
    np.testing.assert_allclose(second["u"]["t"]["x"][:, :, 0, 0], mixed, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(first["t"]["t"], np.full((7, 1, 1), 2.0))
    np.testing.assert_array_equal(first["t"]["x"], np.zeros((7, 1, 1)))


def test_shapes_are_those_of_outputs_then_inputs():
    x = [POINTS[:, 0], POINTS.reshape(7, 1, 2)]

    def function(inputs):
        line, table = inputs
        return [line, ops.stack([ops.square(table), table], axis=1) * ops.reshape(line, (-1, 1, 1, 1))]

    value, first, second = _arrays(ml.derivatives(function, x, order=2))
    assert [array.shape for array in value] == [(7,), (7, 2, 1, 2)]
    assert [[array.shape for array in row] for row in first] == [[(7,), (7, 1, 2)], [(7, 2, 1, 2), (7, 2, 1, 2, 1, 2)]]
    assert second[1][0][1].shape == (7, 2, 1, 2, 1, 2)
    np.testing.assert_allclose(second[1][0][1][:, 0, 0, 1, 0, 1], 2 * POINTS[:, 1], rtol=1e-5)


def test_finite_differences_in_float64():
    """With `exp`, which Keras computes in float64 on every backend: its `sin` and `tanh` round to float32 on JAX."""
    with double_precision():
        points = POINTS.astype("float64")

        def function(p):
            return ops.stack([ops.exp(p[:, 0] * p[:, 1]), ops.exp(p[:, 0]) / (1 + p[:, 1] ** 2)], axis=1)

        def number(at):
            return ops.convert_to_numpy(function(ops.convert_to_tensor(at, "float64")))

        results = ml.derivatives(function, ops.convert_to_tensor(points, "float64"), order=2)
        value, first, second = _arrays(results)
        assert value.dtype == first.dtype == second.dtype == np.float64
        step = 1e-4
        for j, a in enumerate(step * np.eye(2)):
            difference = (number(points + a) - number(points - a)) / (2 * step)
            np.testing.assert_allclose(first[:, :, j], difference, rtol=1e-6, atol=1e-7)
            for k, b in enumerate(step * np.eye(2)):
                corners = number(points + a + b) - number(points + a - b) - number(points - a + b)
                difference = (corners + number(points - a - b)) / (4 * step**2)
                np.testing.assert_allclose(second[:, :, j, k], difference, rtol=1e-5, atol=1e-6)


def _sine_model():
    """u = sum_h a_h sin(p w_h + b_h)."""
    keras.utils.set_random_seed(0)
    start = keras.initializers.RandomNormal(stddev=0.7, seed=1)
    hidden = keras.layers.Dense(5, activation=ops.sin, kernel_initializer=start, bias_initializer=start)
    return keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1, use_bias=False)])


@keras.saving.register_keras_serializable("tests")
def bending(x, model):
    """The squared second derivative along the second input."""
    _, _, second = ml.derivatives(model, x, order=2)
    return ops.square(second[:, 0, 1, 1])


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}, {"run_eagerly": True}], ids=str)
def test_the_third_mixed_derivative_by_the_weights(options):
    """One step of gradient descent on (u_xx)^2 against NumPy."""
    if NAME == "torch" and options.get("jit_compile"):
        pytest.skip("test_torch_compile.py is about torch.compile")
    model = _sine_model()
    w, b, a = (weight.astype("float64") for weight in model.get_weights())
    inner = POINTS @ w + b
    bent = -np.sin(inner) * w[1] ** 2  # second derivative of each unit along x
    residual = bent @ a
    share = 2 * residual * a.T / len(POINTS)
    gradients = [
        np.stack([(share * -np.cos(inner) * w[1] ** 2 * POINTS[:, i : i + 1]).sum(0) for i in (0, 1)])
        + np.stack([np.zeros(5), (share * -np.sin(inner) * 2 * w[1]).sum(0)]),
        (share * -np.cos(inner) * w[1] ** 2).sum(0),
        2 * bent.T @ residual / len(POINTS),
    ]
    trainer = ml.compile(model, keras.optimizers.SGD(1.0), loss={"bending": ml.Joint(bending)}, **options)
    logs = trainer.fit(POINTS, batch_size=7, verbose=0).history
    assert logs["bending_loss"][0] == pytest.approx((residual**2).mean(), rel=1e-4)
    for after, before, gradient in zip(model.get_weights(), (w, b, a), gradients, strict=True):
        np.testing.assert_allclose(after - before, -gradient, rtol=1e-3, atol=1e-5)


def test_evaluation_uses_stored_statistics_and_no_dropout():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((2,)), *layers])
    model.layers[0].set_weights([np.array(v, "float32") for v in ([2.0, 3.0], [0.0, 1.0], [0.5, 0.1], [4.0, 0.25])])
    _, first = _arrays(ml.derivatives(model, POINTS))
    gain = np.array([2.0, 3.0]) / np.sqrt(np.array([4.0, 0.25]) + model.layers[0].epsilon)
    expected = np.broadcast_to((gain[:, None] * model.layers[2].get_weights()[0]).T, (7, 3, 2))
    np.testing.assert_allclose(first, expected, rtol=1e-4)


@keras.saving.register_keras_serializable("tests")
class HeatSolution(keras.layers.Layer):
    """Exactly u_t = 0.1 u_xx, with a weight that is 1 at the solution."""

    def build(self, input_shape):
        self.rate = self.add_weight(shape=(), initializer="ones", name="rate")

    def call(self, inputs):
        return ops.exp(-0.1 * self.rate * inputs["t"]) * ops.sin(inputs["x"])


@keras.saving.register_keras_serializable("tests")
def heat_residual(x, model):
    _, first, second = ml.derivatives(model, x, order=2)
    return ops.square(first["u"]["t"][:, 0, 0] - 0.1 * second["u"]["x"]["x"][:, 0, 0, 0])


def test_a_known_solution_has_no_residual_in_training_and_evaluation():
    inputs = {name: keras.Input((1,), name=name) for name in ("t", "x")}
    model = keras.Model(inputs, {"u": HeatSolution(name="solution")(inputs)})
    trainer = ml.compile(model, keras.optimizers.SGD(1.0), loss={"heat": ml.Joint(heat_residual)})
    x = {"t": POINTS[:, :1], "x": POINTS[:, 1:]}
    assert trainer.evaluate(x, batch_size=7, verbose=0, return_dict=True)["heat_loss"] < 1e-12
    assert trainer.train_on_batch(x, return_dict=True)["heat_loss"] < 1e-12
    model.set_weights([np.float32(2.0)])
    u = np.exp(-0.2 * x["t"]) * np.sin(x["x"])
    assert trainer.evaluate(x, batch_size=7, verbose=0, return_dict=True)["heat_loss"] == pytest.approx(
        np.square(0.1 * u).mean(), rel=1e-3
    )


@keras.saving.register_keras_serializable("tests")
def oscillates(x, model):
    """u'' + u = 0."""
    u, _, u_xx = ml.derivatives(model, x, order=2)
    return ops.square(u_xx[:, 0, 0, 0] + u[:, 0])


def test_a_physics_informed_model_trains_is_saved_and_goes_on(tmp_path):
    """u'' + u = 0 between two known values; the labels elsewhere are missing."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(8, activation="tanh") for _ in range(2)]
    model = keras.Sequential([keras.Input((1,)), *layers, keras.layers.Dense(1, name="u")])
    x = np.linspace(0, np.pi, 17, dtype="float32")[:, None]
    y = np.full((17, 1), np.nan, "float32")
    y[0], y[8] = 0.0, 1.0
    loss = {"equation": ml.Joint(oscillates), "known": ml.Term("mse", output="u", missing="nan")}
    trainer = ml.compile(model, keras.optimizers.Adam(0.01), loss=loss, loss_weights={"known": 5.0})
    history = trainer.fit(x, y, batch_size=17, epochs=60, verbose=0).history
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    parts = history["equation_loss"][-1] + history["known_weight"][-1] * history["known_loss"][-1]
    assert history["loss"][-1] == pytest.approx(parts, rel=1e-5)
    trainer.save(tmp_path / "run.keras")
    loaded = keras.saving.load_model(tmp_path / "run.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), trainer.predict(x, verbose=0))
    assert loaded.train_on_batch(x, y, return_dict=True) == trainer.train_on_batch(x, y, return_dict=True)


@pytest.mark.parametrize(
    ("function", "x", "order", "match"),
    [
        (_polynomials, POINTS, 3, "`order` must be 1 or 2. Received: 3"),
        (_polynomials, POINTS.astype("int32"), 1, r"an input of dtype int32 and shape \(7, 2\).*can stay outside"),
        (lambda p: ops.argmax(p, axis=1), POINTS, 1, "an output of dtype int"),
        (lambda p: ops.sum(p), POINTS, 1, r"an output of dtype float32 and shape \(\)"),
    ],
)
def test_errors_say_what_is_needed(function, x, order, match):
    with pytest.raises(ValueError, match=match):
        ml.derivatives(function, x, order=order)

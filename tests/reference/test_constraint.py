"""Constraints against Karush-Kuhn-Tucker solutions: by hand, and SciPy's of a constrained classifier."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from scipy.optimize import minimize

import multiloss as ml
from multiloss.terms._multiplier import Multiplier


def one(value):
    return ops.convert_to_tensor(np.float32(value))


@pytest.mark.parametrize("restart", [True, False])
def test_the_augmented_law_is_its_formula(restart):
    law = Multiplier(learning_rate=0.3, decay=0.8, penalty=0.5, growth=1.1, max_penalty=0.9, restart=restart)
    law = Multiplier(**{**vars(law), "max_multiplier": 1.5})
    rng = np.random.default_rng(0)
    state = law.init()
    m, r, mean, memory = 0.0, 0.5, 0.0, 0.0
    capped = False
    for step in range(80):
        violation, present = rng.normal(0.4 if step < 40 else -0.4), rng.random() < 0.8
        step, state = law.step(one(violation), ops.convert_to_tensor(present), state)
        factor = max(0.0, m + r * violation)
        assert float(step.multiplier) == pytest.approx(m, rel=1e-4, abs=1e-5)
        assert float(step.factor) == pytest.approx(factor * present, rel=1e-4, abs=1e-5)
        assert float(step.energy) == pytest.approx(present * (factor**2 - m**2) / (2 * r), rel=1e-3, abs=1e-5)
        if present:
            mean, memory = 0.8 * mean + 0.2 * violation, 0.8 * memory + 0.2
            m = min(max(m + 0.3 * mean / memory, 0.0), 1.5)
            r = min(r * 1.1, 0.9) if mean > 0 else (0.5 if restart else r)
            capped = capped or m == 1.5
    assert capped
    assert float(state["penalty"]) == pytest.approx(r, rel=1e-5)


def test_the_geco_law_is_its_formula_and_stays_bounded():
    law = Multiplier("geco", learning_rate=0.5, decay=0.9, max_multiplier=20.0)
    state, logarithm, mean, memory = law.init(), 0.0, 0.0, 0.0
    for violation in np.random.default_rng(1).normal(0.3, 1.0, size=60):
        step, state = law.step(one(violation), ops.convert_to_tensor(True), state)
        assert float(step.factor) == pytest.approx(np.exp(logarithm), rel=1e-4)
        assert float(step.energy) == pytest.approx(np.exp(logarithm) * violation, rel=1e-3, abs=1e-6)
        mean, memory = 0.9 * mean + 0.1 * violation, 0.9 * memory + 0.1
        logarithm = np.clip(logarithm + 0.5 * mean / memory, -np.log(20.0), np.log(20.0))
    for violation in (1e30, -1e30, 1e30):
        step, state = law.step(one(violation), ops.convert_to_tensor(True), state)
        assert 1 / 20.001 <= float(state["multiplier"]) <= 20.001


@keras.saving.register_keras_serializable("tests")
def distance(y_pred):
    return 0.5 * ops.sum(ops.square(y_pred["w"] - ops.convert_to_tensor([3.0, 1.0])), axis=-1)


@keras.saving.register_keras_serializable("tests")
def first(y_pred):
    return y_pred["w"][:, 0]


@keras.saving.register_keras_serializable("tests")
def total(y_pred):
    return ops.sum(y_pred["w"], axis=-1)


def test_multipliers_are_those_of_a_quadratic_program(tmp_path):
    # min |w - (3, 1)|^2 / 2 with w_0 <= 1/2, w_0 + w_1 <= 1 and w_0 + w_1 <= 50: w = (1/2, 1/2), m = (2, 1/2, 0).
    inputs = keras.Input((1,))
    model = keras.Model(inputs, {"w": keras.layers.Dense(2, use_bias=False, name="w")(inputs)})
    constraint = {"learning_rate": 0.1, "decay": 0.5, "growth": 1.0}
    loss = {
        "distance": ml.Joint(distance),
        "first": ml.Constraint(ml.Joint(first), 0.5, **constraint),
        "total": ml.Constraint(ml.Joint(total), 1.0, **constraint),
        "idle": ml.Constraint(ml.Joint(total), 50.0, **constraint),
    }
    trainer = ml.compile(model, keras.optimizers.SGD(0.1), loss=loss)
    x = np.ones((700, 1), "float32")
    trainer.fit(x, batch_size=1, verbose=0)
    logs = trainer.fit(x[:10], batch_size=1, verbose=0).history
    np.testing.assert_allclose(ops.convert_to_numpy(model.weights[0])[0], [0.5, 0.5], atol=1e-3)
    for name, expected in (("first", 2.0), ("total", 0.5), ("idle", 0.0)):
        assert logs[f"{name}_multiplier"][0] == pytest.approx(expected, abs=1e-3)
        assert logs[f"{name}_weight"][0] == pytest.approx(expected, abs=2e-3)
        assert logs[f"{name}_violation"][0] == pytest.approx(-49.0 if name == "idle" else 0.0, abs=1e-3)
    parts = sum(logs[f"{name}_loss"][0] * logs[f"{name}_weight"][0] for name in loss)
    assert logs["loss"][0] == pytest.approx(parts, rel=1e-4)
    # At the solution the Lagrangian is the objective itself.
    assert logs["objective"][0] == pytest.approx(3.25, abs=0.01)
    trainer.save(tmp_path / "run.keras")
    again = keras.saving.load_model(tmp_path / "run.keras").fit(x[:10], batch_size=1, verbose=0).history
    assert again["first_multiplier"][0] == pytest.approx(2.0, abs=1e-3)


def _classes():
    rng = np.random.default_rng(3)
    labels = (rng.random(256) < 0.15).astype("float32")
    x = rng.normal(size=(256, 2)) + np.outer(labels, [1.2, 0.8])
    return x.astype("float32"), labels[:, None]


def test_a_constrained_classifier_is_scipys():
    """The rare class may lose at most 0.6 nats: the same weights, losses and multiplier as SLSQP finds."""
    x, labels = _classes()
    features = np.column_stack([x, np.ones(len(x))]).astype(float)
    signs = np.where(labels[:, 0] > 0, 1.0, -1.0)

    def losses(w):
        return np.logaddexp(0.0, -signs * (features @ w))

    rare = labels[:, 0] > 0
    free = minimize(lambda w: losses(w).mean(), np.zeros(3))
    assert losses(free.x)[rare].mean() > 0.9
    solved = minimize(
        lambda w: losses(w).mean(),
        np.zeros(3),
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda w: 0.6 - losses(w)[rare].mean()},
        options={"ftol": 1e-12, "maxiter": 500},
    )
    sigmoid = -signs / (1.0 + np.exp(signs * (features @ solved.x)))
    slope = (sigmoid[:, None] * features).mean(axis=0)
    slope_of_rare = (sigmoid[:, None] * features)[rare].mean(axis=0)
    multiplier = -(slope @ slope_of_rare) / (slope_of_rare @ slope_of_rare)

    inputs = keras.Input((2,))
    model = keras.Model(inputs, {"label": keras.layers.Dense(1, kernel_initializer="zeros", name="label")(inputs)})
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    of_rare = ml.Term(entropy, output="label", mask="is_rare")
    loss = {"label": entropy, "rare": ml.Constraint(of_rare, 0.6, learning_rate=0.05, decay=0.5, growth=1.0)}
    trainer = ml.compile(model, keras.optimizers.SGD(0.5), loss=loss)
    data = {"label": labels, "is_rare": labels > 0}
    trainer.fit(np.tile(x, (600, 1)), {k: np.tile(v, (600, 1)) for k, v in data.items()}, 256, 1, 0, shuffle=False)
    logs = trainer.fit(x, data, batch_size=256, verbose=0).history
    found = np.concatenate([ops.convert_to_numpy(v).ravel() for v in model.weights])
    np.testing.assert_allclose(found, solved.x, atol=1e-2)
    assert logs["rare_loss"][0] == pytest.approx(0.6, abs=1e-3)
    assert logs["label_loss"][0] == pytest.approx(solved.fun, abs=1e-3)
    assert logs["rare_multiplier"][0] == pytest.approx(multiplier, abs=5e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"upper_bound": float("nan")}, "upper_bound"),
        ({"upper_bound": "0.1"}, "upper_bound"),
        ({"upper_bound": 1.0, "method": "penalty"}, "method"),
        ({"upper_bound": 1.0, "decay": 1.0}, "decay"),
        ({"upper_bound": 1.0, "growth": 0.9}, "growth"),
        ({"upper_bound": 1.0, "max_penalty": 0.5}, "max_penalty"),
        ({"upper_bound": 1.0, "learning_rate": 0.0}, "learning_rate"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=rf"{message}.*Received"):
        ml.Constraint("mse", **arguments)

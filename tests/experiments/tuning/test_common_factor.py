"""Weights that differ by a common factor are one point, where the optimizer does not see the factor."""

import keras
import numpy as np
import pytest

from multiloss.experiments.tuning import _confirm as confirmation
from multiloss.experiments.tuning import tune
from multiloss.experiments.tuning._common_factor import one_point

pytestmark = pytest.mark.one_backend

BLIND = ["adagrad", "adam", "adamax", "adamw", "lion", "nadam", "rmsprop"]


def first_steps(optimizer, factor):
    """Three steps from 1 along gradients of about 1, all of them times a factor."""
    variable = keras.Variable(np.ones(3, "float32"))
    for step in range(3):
        gradient = factor * np.array([1.0, -2.0, 0.5 + step])
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))], [variable])
    return keras.ops.convert_to_numpy(variable)


@pytest.mark.parametrize("name", [*BLIND, "sgd", "ftrl"])
def test_it_is_known_which_optimizers_see_the_factor(name):
    """By what they do: times 4 of all gradients, with nothing in the denominator but these."""

    def new(**more):
        optimizer = keras.optimizers.get({"class_name": name, "config": {"learning_rate": 0.1, **more}})
        for guard in ("epsilon", "initial_accumulator_value"):
            if hasattr(optimizer, guard) and name != "ftrl":
                setattr(optimizer, guard, 1e-12)
        return optimizer

    same = np.allclose(first_steps(new(), 1.0), first_steps(new(), 4.0), atol=1e-5)
    assert same == (name in BLIND)
    weights = {"a": 1.5, "b": 0.5}
    assert one_point({"a": 6.0, "b": 2.0}, weights, new()) == same
    assert one_point(dict(weights), weights, new())
    assert not one_point({"a": 6.0, "b": 2.1}, weights, new())
    assert not one_point({"a": 6.0, "b": 2.0}, weights, new(clipnorm=1.0))


@pytest.fixture
def plans(monkeypatch):
    found = []
    carry_out = confirmation.Plan.carry_out

    def noted(plan, report):
        found.append(plan)
        return carry_out(plan, report)

    monkeypatch.setattr(confirmation.Plan, "carry_out", noted)
    return found


def confirmed(problem):
    return tune(problem, trials=3, epochs=1, confirm_seeds=1, seed=5, verbose=0)


def test_your_own_weights_are_not_found_anew(make_problem, training, plans):
    """As seen: the best trial had the user's weights times 1.2, and was given an improvement over them."""
    tuning = confirmed(make_problem(loss_weights={"mask": 2.0, "label": 2.0, "size": 0.002}))
    assert tuning.best.role == "your own weights"
    (plan,) = plans
    assert list(plan.balancers) == ["equal weights", "found"]
    assert plan.balancers["found"].loss_weights is None
    assert "our own weights" in tuning.headline


def test_an_optimizer_that_sees_the_factor_has_both(make_problem, training, plans):
    problem = make_problem(loss_weights={"mask": 2.0, "label": 2.0, "size": 0.002}, optimizer="sgd")
    assert confirmed(problem).best.role == "your own weights"
    assert list(plans[0].balancers) == ["equal weights", "your own weights", "found"]


def test_equal_weights_of_your_own_do_not_stand_beside_equal_weights(make_problem, training, plans):
    confirmed(make_problem(loss_weights={"mask": 3.0, "label": 3.0, "size": 3.0}))
    assert list(plans[0].balancers) == ["equal weights", "found"]

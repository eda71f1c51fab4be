"""`Problem` makes everything anew for each run, and explains what is wrong with a description."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import multiloss as ml

DATA = np.ones((8, 3), "float32"), {"size": np.ones((8, 1), "float32")}


def build():
    inputs = keras.Input((3,))
    return keras.Model(inputs, {"size": keras.layers.Dense(1, name="size")(inputs)})


def problem(**changes):
    arguments = {
        "name": "sizes",
        "build_model": build,
        "loss": {"size": "mse"},
        "train": DATA,
        "validation": DATA,
        "metrics": {"size": ["mae", keras.metrics.MeanSquaredError(name="squared")]},
        "score": {"mae": "min"},  # no prefix for a single output, as in Keras
    }
    return ml.Problem(**{**arguments, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "`name`"),
        ({"build_model": 3}, "`build_model`.*Received: int"),
        ({"loss": {}}, "`loss`"),
        ({"loss": "mse"}, "Received: mse"),
        ({"metrics": {}}, "`metrics`"),
        ({"train": None}, "`train`"),
        ({"train": (DATA[0],)}, "a tuple of 1"),
        ({"validation": (DATA[0][:4], DATA[1])}, r"lengths \[4, 8\]"),
        ({"validation": (DATA[0][:0], {"size": DATA[1]["size"][:0]})}, "at least 1"),
        ({"score": {}}, "Write, say"),
        ({"score": {"size_mae": "low"}}, r"score\['size_mae'\].*Received: low"),
        ({"score": {"val_size_mae": "min"}}, "without the prefix"),
        ({"loss_weights": [1.0]}, "`loss_weights`"),
        ({"batch_size": 0}, "`batch_size`"),
        ({"batch_size": True}, "`batch_size`"),
        ({"optimizer": 0.1}, "`optimizer`"),
    ],
)
def test_wrong_descriptions_are_explained(changes, message):
    with pytest.raises(ValueError, match=message):
        problem(**changes)


def test_a_model_instead_of_a_function_is_refused():
    with pytest.raises(ValueError, match="write a function that builds the model"):
        problem(build_model=build())


def test_build_model_must_give_a_model():
    with pytest.raises(ValueError, match="Received: int"):
        problem(build_model=lambda: 3).new_model()


def test_one_seed_gives_one_model():
    first, second, other = (problem().new_model(seed).get_weights()[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_metrics_are_new_in_each_run():
    made = problem()
    name, first = made.new_metrics()["size"]
    first.update_state([[1.0]], [[3.0]])
    assert name == "mae"
    assert float(first.result()) == 4.0
    second = made.new_metrics()["size"][1]
    assert second.name == "squared"
    assert float(second.result()) == 0.0
    assert problem(metrics=lambda: {"size": "mse"}).new_metrics() == {"size": "mse"}


def test_losses_may_come_from_a_function():
    first, second = (problem(loss=lambda: {"size": ml.Term("mse")}).new_loss() for _ in range(2))
    assert first["size"] is not second["size"]
    fixed = problem()
    fixed.new_loss()["other"] = "mae"
    assert fixed.new_loss() == {"size": "mse"}


@pytest.mark.parametrize("optimizer", ["sgd", keras.optimizers.SGD(0.5), lambda: keras.optimizers.SGD(0.5)])
def test_optimizers_are_new_in_each_run(optimizer):
    made = problem(optimizer=optimizer)
    first, second = made.new_optimizer(), made.new_optimizer()
    assert isinstance(first, keras.optimizers.SGD)
    assert first is not second
    assert float(first.learning_rate) == pytest.approx(0.01 if optimizer == "sgd" else 0.5)


def test_it_is_all_that_compile_and_fit_need():
    made = problem()
    trainer = ml.compile(
        made.new_model(0), optimizer=made.new_optimizer(), loss=made.new_loss(), metrics=made.new_metrics()
    )
    logs = trainer.fit(*made.train, validation_data=made.validation, batch_size=made.batch_size, verbose=0).history
    assert all(f"val_{name}" in logs for name in made.score)

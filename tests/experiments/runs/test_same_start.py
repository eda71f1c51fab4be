"""The same initial weights, and the same data in the same order."""

import keras
import numpy as np
import pytest

from multiloss.experiments.runs._batches import SeededBatches, first_samples, is_arrays
from multiloss.experiments.runs._initial_model import InitialModel


def values(model):
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables]


def test_every_model_of_a_seed_starts_alike(make_problem):
    initial, other = InitialModel(make_problem(), 3), InitialModel(make_problem(), 4)
    first, second = initial.model(), initial.model()
    assert first is not second
    for a, b in zip(values(first), values(second), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(values(first), values(other.model()), strict=True))
    # The seed generator of the dropout layer is among them.
    assert any(value.dtype.kind in "ui" for value in initial.values)


def test_a_model_of_its_own_randomness_is_set_alike(make_problem):
    generator = np.random.default_rng()

    def build():
        x = keras.Input((4,))
        kernel = keras.initializers.Constant(generator.normal())
        return keras.Model(x, {"size": keras.layers.Dense(1, kernel_initializer=kernel)(x)})

    initial = InitialModel(make_problem(build_model=build), 0)
    np.testing.assert_array_equal(values(initial.model())[0], initial.values[0])


def test_layers_without_names_keep_theirs(make_problem):
    policy = keras.config.dtype_policy().name
    keras.layers.Dense(1)
    initial = InitialModel(make_problem(), 0)
    names = [[layer.name for layer in initial.model().layers] for _ in range(2)]
    assert names[0] == names[1]
    assert "dense" in names[0]
    assert keras.config.dtype_policy().name == policy


def test_the_user_s_dtype_policy_holds(make_problem):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert InitialModel(make_problem(), 0).model().layers[1].compute_dtype == "bfloat16"
    finally:
        keras.config.set_dtype_policy(before)


def test_another_architecture_is_refused(make_problem):
    sizes = iter([2, 3])

    def build():
        x = keras.Input((4,))
        return keras.Model(x, {"size": keras.layers.Dense(next(sizes))(x)})

    with pytest.raises(ValueError, match="same architecture"):
        InitialModel(make_problem(build_model=build), 0).model()


def test_errors_of_build_model_reach_the_caller(make_problem):
    def build():
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        InitialModel(make_problem(build_model=build), 0)


def batches_of(seed, epochs=2):
    data = SeededBatches((np.arange(10), {"y": np.arange(10) * 2}), batch_size=3, seed=seed)
    seen = []
    for _ in range(epochs):
        seen.append([data[index] for index in range(len(data))])
        data.on_epoch_end()
    return seen


def test_order_depends_on_seed_and_epoch_alone():
    def order(seen):
        return [np.concatenate([x for x, _ in epoch]).tolist() for epoch in seen]

    assert order(batches_of(1)) == order(batches_of(1))
    assert order(batches_of(1)) != order(batches_of(2))
    assert order(batches_of(1))[0] != order(batches_of(1))[1]


def test_batches_are_whole_and_keep_pairs():
    for epoch in batches_of(0):
        assert [len(x) for x, _ in epoch] == [3, 3, 3]
        assert len(set(np.concatenate([x for x, _ in epoch]).tolist())) == 9
        for x, y in epoch:
            np.testing.assert_array_equal(y["y"], 2 * x)


def test_fewer_samples_than_a_batch_make_one():
    data = SeededBatches((np.arange(4), None), batch_size=32, seed=0)
    assert len(data) == 1
    assert sorted(data[0][0].tolist()) == [0, 1, 2, 3]


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        SeededBatches((np.arange(4), np.arange(5)), batch_size=2, seed=0)


def test_first_samples_are_spread_and_few():
    x, y = first_samples((np.arange(1000.0), {"a": np.arange(1000)}))
    assert len(x) == len(y["a"]) == 200
    assert x[-1] > 900
    x, y = first_samples((np.zeros((100, 5, 5, 1)), None))
    assert len(x) == 6
    assert y is None
    assert not is_arrays(iter([]))

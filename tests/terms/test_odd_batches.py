"""Empty batches, batches without labels, odd dtypes and shapes: right, or one error that names the term."""

import keras
import numpy as np
import pytest
from evaluation import evaluate
from keras import ops

import multiloss as ml
from backend import value_and_gradient
from lifecycle import train_save_load_and_go_on


def _trainer(optimizer=None, **terms):
    keras.utils.set_random_seed(0)
    x = keras.Input((5,))
    hidden = keras.layers.Dense(4, activation="tanh")(x)
    outputs = {
        "price": keras.layers.Dense(1, name="price")(hidden),
        "kind": keras.layers.Dense(3, activation="softmax", name="kind")(hidden),
    }
    loss = {
        "price": ml.Term("mse", missing="nan"),
        "kind": ml.Term("sparse_categorical_crossentropy", mask="seen"),
        "pull": ml.OutputPenalty("l2", output="price"),
        "agree": ml.Joint(agree),
        **terms,
    }
    return ml.compile(keras.Model(x, outputs), optimizer or keras.optimizers.Adam(0.01), loss=loss)


@keras.saving.register_keras_serializable("tests.terms")
def agree(y_pred):
    return ops.square(y_pred["price"][:, 0] - y_pred["kind"][:, 0])


def _data(samples=10):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(samples, 5)).astype("float32")
    kind = generator.integers(0, 3, samples).astype("int32")
    return x, {"price": x[:, :1] + 1, "kind": kind, "seen": np.ones(samples, "float32")}


def _logs(x, y):
    return _trainer().test_on_batch(x, y, return_dict=True)


def _weights(trainer):
    return [np.array(weight) for weight in trainer.model.get_weights()]


def test_p6_an_empty_batch_teaches_nothing():
    trainer = _trainer()
    before = _weights(trainer)
    x, y = _data(0)
    logs = trainer.train_on_batch(x, y, return_dict=True)
    assert all(logs[f"{name}_loss"] == 0.0 for name in trainer.terms)
    assert logs["loss"] == 0.0
    for after, first in zip(_weights(trainer), before, strict=True):
        np.testing.assert_array_equal(after, first)


def test_p6_no_label_present_and_an_all_zero_mask(tmp_path):
    """The other terms train as if they stood alone, and training goes on when the labels are back."""
    x, y = _data()
    bare = {**y, "price": np.full_like(y["price"], np.nan), "seen": 0 * y["seen"]}
    trainer = _trainer(keras.optimizers.SGD(0.1))
    logs = trainer.train_on_batch(x, bare, return_dict=True)
    assert logs["price_loss"] == logs["kind_loss"] == 0.0
    assert logs["price_labelled"] == logs["kind_labelled"] == 0.0
    alone = _trainer(keras.optimizers.SGD(0.1), price=None, kind=None)
    alone.train_on_batch(x, return_dict=True)
    for ours, expected in zip(_weights(trainer), _weights(alone), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-7)
    train_save_load_and_go_on(trainer, x, y, tmp_path)


def test_p6_the_last_batch_may_be_smaller():
    """The epoch's values are those of all samples at once, missing labels included."""
    x, y = _data()
    y["price"][[0, 4, 8, 9]] = np.nan
    y["seen"][[1, 2, 9]] = 0
    trainer = _trainer(keras.optimizers.SGD(0.0))
    whole = trainer.evaluate(x, y, batch_size=10, verbose=0, return_dict=True)
    ragged = trainer.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    history = trainer.fit(x, y, batch_size=4, verbose=0).history
    predicted = trainer.predict(x, verbose=0)
    assert whole["price_loss"] == pytest.approx(np.nanmean(np.square(predicted["price"] - y["price"])), rel=1e-5)
    for name in ("price_loss", "kind_loss", "pull_loss", "agree_loss", "price_labelled", "kind_labelled"):
        assert ragged[name] == pytest.approx(whole[name], rel=1e-5)
        assert history[name][0] == pytest.approx(whole[name], rel=1e-5)


def _changed(y, **changes):
    return {**y, **{name: change(y[name]) for name, change in changes.items()}}


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        (lambda x: x.astype("float64"), {"price": lambda a: a.astype("float64"), "kind": lambda a: a.astype("int64")}),
        (lambda x: x, {"price": lambda a: a[:, 0], "kind": lambda a: a[:, None], "seen": lambda a: a[:, None]}),
        (lambda x: x, {"kind": lambda a: a.astype("uint8"), "seen": lambda a: a.astype("bool")}),
        (lambda x: ops.convert_to_tensor(x), {"price": lambda a: ops.convert_to_tensor(a)}),
    ],
    ids=["double", "ranks", "small-integers", "tensors"],
)
def test_p6_dtypes_and_ranks_that_mean_the_same(inputs, targets):
    x, y = _data()
    assert _logs(inputs(x), _changed(y, **targets)) == pytest.approx(_logs(x, y), rel=1e-5)


def test_p6_integer_and_bfloat16_data():
    """What is rounded is what came in: the losses are computed in float32."""
    x, y = _data()
    x, y["price"] = np.round(x), np.round(y["price"])
    expected = _logs(x, y)
    assert _logs(x, _changed(y, price=lambda a: a.astype("int32"))) == pytest.approx(expected, rel=1e-6)
    half = ops.cast(ops.convert_to_tensor(x), "bfloat16")  # small integers are exact in bfloat16
    short = _changed(y, price=lambda a: ops.cast(ops.convert_to_tensor(a), "bfloat16"))
    assert _logs(half, short) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"price": lambda a: a[:, :, None] * np.ones(2, "float32")}, r"Term 'price' expects a target .*\(\w+, 1, 2\)"),
        ({"price": lambda a: np.repeat(a, 2, 1)}, r"Term 'price' expects a target .*\(\w+, 1\).*\(\w+, 2\)"),
        ({"kind": lambda a: np.eye(3)[a]}, r"loss of term 'kind' failed .*\(10, 3\)"),
        ({"price": lambda a: None}, "Unknown target of term 'price', 'price'. Known:"),
        ({"seen": lambda a: None}, "Unknown key of term 'kind', argument `mask`, 'seen'. Known:"),
        ({"seen": lambda a: np.ones((10, 4), "float32")}, "mask of term 'kind'"),
    ],
    ids=["rank", "width", "one-hot", "target", "mask", "mask-shape"],
)
def test_p6_one_error_names_the_term(changes, match):
    x, y = _data()
    trainer = _trainer()
    before = _weights(trainer)
    data = {name: value for name, value in _changed(y, **changes).items() if value is not None}
    with pytest.raises(ValueError, match=match):
        trainer.fit(x, data, batch_size=10, verbose=0)
    for after, first in zip(_weights(trainer), before, strict=True):
        np.testing.assert_array_equal(after, first)


def test_p6_an_unknown_key_in_y_is_left_alone():
    x, y = _data()
    assert _logs(x, {**y, "weather": np.zeros(10)}) == _logs(x, y)


@pytest.mark.parametrize(
    "name", ["mse", "binary_crossentropy", "soft_dice", "boundary", "circular", "wing", "quantile"]
)
def test_p6_no_sample_gives_zero_and_no_gradient(name):
    empty = np.zeros((0, 3), "float32")
    value, gradient = value_and_gradient(lambda p: evaluate(ml.Term(name), empty, p).loss, empty)
    assert value == 0.0
    assert gradient.shape == (0, 3)

"""Group penalties, features of inner layers and deep supervision."""

import keras
import numpy as np
import pytest
from evaluation import batch, value_and_gradient
from keras import ops

import multiloss as ml
from multiloss.terms._norms import column_norms


def _model(dropout=0.0):
    keras.utils.set_random_seed(0)
    x = keras.Input((4,))
    hidden = keras.layers.Dense(5, activation="tanh", name="code")(x)
    hidden = keras.layers.Dropout(dropout, seed=1, name="drop")(hidden)
    return keras.Model(x, {"out": keras.layers.Dense(2, name="head")(hidden)})


def _data():
    x = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
    return x, {"out": x[:, :2]}


def test_group_penalty_is_the_sum_of_column_norms():
    model = _model()
    value = ml.WeightPenalty("group").evaluate("small", batch(None, ops.zeros((2, 2)), model=model)).loss
    kernels = [layer.get_weights()[0] for layer in (model.get_layer("code"), model.get_layer("head"))]
    assert float(ops.convert_to_numpy(value)) == pytest.approx(
        sum(np.linalg.norm(kernel, axis=0).sum() for kernel in kernels), rel=1e-6
    )


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 2, 2, 3)])
@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e25])
def test_column_norms_and_their_gradient_at_every_scale(shape, scale):
    weight = (scale * np.random.default_rng(0).normal(size=shape)).astype("float32")
    weight[..., 1] = 0.0
    norms = np.linalg.norm(
        weight.astype("float64").reshape(-1, 3) if len(shape) > 1 else weight[None].astype("float64"), axis=0
    )
    np.testing.assert_allclose(ops.convert_to_numpy(column_norms(ops.convert_to_tensor(weight))), norms, rtol=1e-6)
    _, gradient = value_and_gradient(lambda w: ops.sum(column_norms(w)), weight)
    expected = np.divide(weight, norms, out=np.zeros(shape), where=np.broadcast_to(norms > 0, shape))
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7)


def test_group_is_no_norm_of_an_output():
    with pytest.raises(ValueError, match="Unknown norm 'group'"):
        ml.OutputPenalty("group")


@keras.saving.register_keras_serializable("tests.terms")
def mean_square(features):
    return keras.ops.mean(keras.ops.square(features), axis=-1)


@keras.saving.register_keras_serializable("tests.terms")
def towards_target(features, y_true):
    return keras.ops.mean(keras.ops.square(features[:, :2] - y_true["out"]), axis=-1)


def test_features_are_those_of_the_layer(tmp_path):
    x, y = _data()
    model = _model()
    loss = {
        "out": "mse",
        "code": ml.FeaturePenalty(mean_square, "code"),
        "near": ml.FeaturePenalty(towards_target, "code"),
    }
    trainer = ml.compile(model, "adam", loss=loss, loss_weights={"code": 0.1}, balancer="mgda")
    kernel, bias = model.get_layer("code").get_weights()
    features = np.tanh(x @ kernel + bias)
    logs = trainer.evaluate(x, y, verbose=0, return_dict=True)
    assert logs["code_loss"] == pytest.approx(np.square(features).mean(), rel=1e-5)
    assert logs["near_loss"] == pytest.approx(np.square(features[:, :2] - y["out"]).mean(), rel=1e-5)
    assert list(trainer.predict(x, verbose=0)) == ["out"]
    trainer.train_on_batch(x, y)
    trainer.save(tmp_path / "run.keras")
    loaded = keras.saving.load_model(tmp_path / "run.keras")
    assert loaded.train_on_batch(x, y, return_dict=True) == trainer.train_on_batch(x, y, return_dict=True)


def test_feature_penalty_equals_the_same_layer_as_an_output():
    """One forward pass: with dropout, the gradient is that of a model which returns the features."""
    x, y = _data()
    plain = _model(dropout=0.4)
    plain = keras.Model(plain.input, {"out": plain.output["out"], "drop": plain.get_layer("drop").output})
    model = _model(dropout=0.4)
    first = ml.compile(plain, keras.optimizers.SGD(0.1), loss={"out": "mse", "drop": ml.OutputPenalty("l2")})
    second = ml.compile(
        model, keras.optimizers.SGD(0.1), loss={"out": "mse", "drop": ml.FeaturePenalty(mean_square, "drop")}
    )
    for _ in range(2):
        expected = first.train_on_batch(x, y, return_dict=True)
        assert second.train_on_batch(x, y, return_dict=True) == pytest.approx(expected, rel=1e-6)
    for a, b in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_feature_penalty_of_a_sequential_model():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="code"), keras.layers.Dense(2, name="out")])
    x, y = _data()
    loss = {"out": "mse", "code": ml.FeaturePenalty(mean_square, "code")}
    logs = ml.compile(model, "sgd", loss=loss).evaluate(x, y["out"], verbose=0, return_dict=True)
    kernel, bias = model.get_layer("code").get_weights()
    assert logs["code_loss"] == pytest.approx(np.square(x @ kernel + bias).mean(), rel=1e-5)


def test_feature_penalty_says_what_it_cannot_do():
    class Subclassed(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(ValueError, match=r"Term 'code' reads an inner layer.*Subclassed"):
        ml.compile(Subclassed(), "sgd", loss={"code": ml.FeaturePenalty(mean_square, "code")})
    with pytest.raises(ValueError, match=r"Unknown layer 'cod'\. Did you mean 'code'"):
        ml.compile(_model(), "sgd", loss={"code": ml.FeaturePenalty(mean_square, "cod")})

    def wrong(outputs):
        return outputs

    with pytest.raises(ValueError, match=r"must be a function of `features`.*wrong\(outputs\)"):
        ml.FeaturePenalty(wrong, "code")
    x = keras.Input((4,))
    twice = keras.layers.Dense(4, name="twice")
    model = keras.Model(x, {"out": twice(twice(x))})
    with pytest.raises(ValueError, match=r"Term 'code' needs a single layer that is called once.*'twice'"):
        ml.compile(model, "sgd", loss={"code": ml.FeaturePenalty(mean_square, "twice")})


def test_a_layer_inside_a_nested_model_is_told_the_way():
    x = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="deep")], name="inner")
    outer = keras.Model(x, inner(x), name="outer")
    y = keras.Input((4,))
    model = keras.Model(y, {"out": keras.layers.Dense(2, name="head")(outer(y))})
    with pytest.raises(ValueError, match=r"Term 'code' needs a layer of the model itself.*'deep' inside .*'outer'"):
        ml.compile(model, "sgd", loss={"code": ml.FeaturePenalty(mean_square, "deep")})
    with pytest.raises(ValueError, match=r"needs a single layer that is called once.*Identity\(name=...\) behind"):
        ml.compile(model, "sgd", loss={"code": ml.FeaturePenalty(mean_square, "outer")})


def test_the_way_to_a_nested_layer_works():
    """As the error says: the inner model returns it, and an identity behind it has a name."""
    x = keras.Input((4,))
    code = keras.layers.Dense(3, name="deep")(x)
    inner = keras.Model(x, [code, keras.layers.Dense(2)(code)], name="inner")
    y = keras.Input((4,))
    features, hidden = inner(y)
    features = keras.layers.Identity(name="features")(features)
    model = keras.Model(y, {"out": keras.layers.Dense(2, name="head")(hidden), "features": features})
    trainer = ml.compile(model, "sgd", loss={"out": "mse", "code": ml.FeaturePenalty(mean_square, "features")})
    x, y = _data()
    kernel, bias = inner.get_layer("deep").get_weights()
    logs = trainer.evaluate(x, y, verbose=0, return_dict=True)
    assert logs["code_loss"] == pytest.approx(np.square(x @ kernel + bias).mean(), rel=1e-5)


def test_deep_supervision_terms_and_weights():
    losses, weights = ml.deep_supervision(ml.Term("mse", missing="nan"), ["a", "b", "c"], target="mask")
    assert weights == pytest.approx({"a": 4 / 7, "b": 2 / 7, "c": 1 / 7})
    assert [(term.output, term.target, term.missing) for term in losses.values()] == [(n, "mask", "nan") for n in "abc"]
    losses, weights = ml.deep_supervision("mae", ["a", "b"], target=["fine", "coarse"], decay=0.3, normalize=False)
    assert weights == pytest.approx({"a": 1.0, "b": 0.3})
    assert losses["b"].target == "coarse"


@pytest.mark.parametrize(
    ("outputs", "arguments", "match"),
    [
        ([], {"target": "m"}, "name each output once"),
        (["a", "a"], {"target": "m"}, "name each output once"),
        (["a"], {"target": "m", "decay": 0.0}, "`decay` must be a number above 0"),
        (["a", "b"], {"target": ["m"]}, "one for each output"),
    ],
)
def test_deep_supervision_errors(outputs, arguments, match):
    with pytest.raises(ValueError, match=match):
        ml.deep_supervision("mse", outputs, **arguments)

"""Outputs have one name each, lists one order, and logs and variables one owner."""

import keras
import numpy as np
import pytest
from models import largest_difference, weights_of

import multiloss as ml

SAMPLES = 8
GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(SAMPLES, 4)).astype("float32")
FIRST, SECOND = (GENERATOR.normal(size=(SAMPLES, 1)).astype("float32") for _ in range(2))


class _Pair(keras.layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 1), name="kernel")

    def call(self, inputs):
        return [inputs @ self.kernel, -inputs @ self.kernel]


def _siamese():
    x = keras.Input((4,))
    head = keras.layers.Dense(1, name="head")
    return keras.Model(x, [head(x), head(2 * x)])


def _own_layer():
    x = keras.Input((4,))
    return keras.Model(x, _Pair(name="head")(keras.layers.Dense(3)(x)))


def _nested():
    x = keras.Input((4,))
    inner = keras.Model(x, [keras.layers.Dense(1)(x), keras.layers.Dense(1)(x)], name="head")
    outer = keras.Input((4,))
    return keras.Model(outer, inner(outer))


def _lstm():
    x = keras.Input((4,))
    sequence = keras.layers.Reshape((2, 2))(x)
    hidden, state, _ = keras.layers.LSTM(1, return_state=True, name="head")(sequence)
    return keras.Model(x, [hidden, state])


@pytest.mark.parametrize("build", [_siamese, _own_layer, _nested, _lstm])
def test_several_outputs_of_one_layer_train_as_in_keras(build):
    results = []
    for compiled in (keras.Model.compile, lambda model, *args, **kwargs: ml.compile(model, *args, **kwargs)):
        keras.utils.set_random_seed(0)
        model = build()
        trainer = compiled(model, keras.optimizers.SGD(0.1), loss=["mse", "mae"], loss_weights=[1.0, 0.5])
        trainer = trainer or model
        history = trainer.fit(X, [FIRST, SECOND], epochs=2, shuffle=False, verbose=0).history
        results.append((weights_of(model), history["loss"]))
    assert largest_difference(results[0][0], results[1][0]) < 1e-6
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-5)
    assert list(trainer.terms) == ["head", "head_1"]
    assert "head, head_1" in trainer.explain()


def test_their_names_serve_everywhere():
    keras.utils.set_random_seed(0)
    model = _siamese()

    def agree(y_pred):
        assert list(y_pred) == ["head", "head_1"]
        return (y_pred["head"] - y_pred["head_1"] / 2)[:, 0]

    trainer = ml.compile(
        model, "sgd", loss={"head": "mse", "head_1": "mae", "j": ml.Joint(agree)}, metrics={"head_1": "mse"}
    )
    y = {"head": FIRST, "head_1": SECOND}
    logs = trainer.evaluate(X, y, sample_weight={"head_1": np.zeros(SAMPLES)}, verbose=0, return_dict=True)
    first, second = model.predict(X, verbose=0)
    assert logs["head_loss"] == pytest.approx(np.mean((first - FIRST) ** 2), rel=1e-5)
    assert logs["head_1_mse"] == pytest.approx(np.mean((second - SECOND) ** 2), rel=1e-5)
    assert logs["head_1_loss"] == 0.0


@pytest.mark.one_backend
def test_a_made_name_never_takes_a_given_one():
    x = keras.Input((4,))
    head, other = keras.layers.Dense(1, name="head"), keras.layers.Dense(1, name="head_1")
    trainer = ml.compile(keras.Model(x, [head(x), head(2 * x), other(x)]), "sgd", loss=["mse", "mse", "mse"])
    assert list(trainer.terms) == ["head", "head_2", "head_1"]


def test_one_array_for_several_outputs():
    x = keras.Input((4,))
    model = keras.Model(x, {"b": keras.layers.Dense(1)(x), "a": keras.layers.Dense(1)(x)})
    trainer = ml.compile(model, "sgd", loss={"b": "mse"}, run_eagerly=True)
    expected = np.mean((model.predict(X, verbose=0)["b"] - FIRST) ** 2)
    for y in (FIRST, [FIRST]):  # in Keras, entries of `y` stand for the outputs with a loss
        assert trainer.test_on_batch(X, y, return_dict=True)["b_loss"] == pytest.approx(expected, rel=1e-5)
    trainer = ml.compile(model, "sgd", loss=["mse", "mae"], run_eagerly=True)
    with pytest.raises(ValueError, match=r"`y` must be a dict by output name, or a list .*\['a', 'b'\]"):
        trainer.fit(X, FIRST, verbose=0)
    with pytest.raises(ValueError, match="`y` must have one entry for each of the outputs"):
        trainer.fit(X, [FIRST], verbose=0)


def _dict_model(shapes=(1, 2)):
    keras.utils.set_random_seed(0)
    x = keras.Input((4,))
    return keras.Model(x, {"b": keras.layers.Dense(shapes[0])(x), "a": keras.layers.Dense(shapes[1])(x)})


WIDE = np.concatenate([SECOND, FIRST], axis=1)


@pytest.mark.parametrize("method", ["fit", "train_on_batch"])
def test_lists_have_the_order_of_keras(method):
    """Sorted by key where the outputs are a dict, for targets, losses, their weights and metrics."""
    results = []
    y = [WIDE, FIRST]
    for compiled in (keras.Model.compile, lambda model, *args, **kwargs: ml.compile(model, *args, **kwargs)):
        model = _dict_model()
        arguments = {"loss": ["mse", "mae"], "loss_weights": [0.25, 2.0], "metrics": [["mae"], ["mse"]]}
        trainer = compiled(model, keras.optimizers.SGD(0.1), **arguments) or model
        if method == "fit":
            trainer.fit(X, y, batch_size=4, shuffle=False, verbose=0)
        else:
            trainer.train_on_batch(X, y)
        logs = trainer.evaluate(X, y, verbose=0, return_dict=True)
        results.append((weights_of(model), [logs[name] for name in ("loss", "a_loss", "b_loss", "a_mae", "b_mse")]))
    assert largest_difference(results[0][0], results[1][0]) < 1e-6
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-5)
    assert "order of the outputs: a, b" in trainer.explain()


def test_a_list_serves_a_subclassed_model_as_in_keras():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = keras.layers.Dense(1), keras.layers.Dense(2)

        def call(self, inputs):
            return {"b": self.first(inputs), "a": self.second(inputs)}

    keras.utils.set_random_seed(0)
    model = Model()
    trainer = ml.compile(model, keras.optimizers.SGD(0.0), loss={"b": "mse", "a": "mse"})
    logs = trainer.fit(X, [WIDE, FIRST], verbose=0).history
    predicted = model.predict(X, verbose=0)
    assert logs["a_loss"][0] == pytest.approx(np.mean((predicted["a"] - WIDE) ** 2), rel=1e-5)
    assert logs["b_loss"][0] == pytest.approx(np.mean((predicted["b"] - FIRST) ** 2), rel=1e-5)


def test_nested_outputs_and_lists_of_them():
    x = keras.Input((4,))
    dense = [keras.layers.Dense(1, name=name) for name in "pqr"]
    model = keras.Model(x, {"out": {"z": dense[0](x), "y": dense[1](x)}, "aux": [dense[2](x)]})
    loss = {"out": {"z": "mse", "y": "mae"}, "aux/0": "mse"}
    trainer = ml.compile(model, "sgd", loss=loss, run_eagerly=True)
    assert list(trainer.terms) == ["out/z", "out/y", "aux/0"]
    nested = {"out": {"z": FIRST, "y": SECOND}, "aux": [FIRST]}
    expected = trainer.test_on_batch(X, nested, return_dict=True)
    for y in ({"out/z": FIRST, "out/y": SECOND, "aux/0": FIRST}, [FIRST, SECOND, FIRST]):
        assert trainer.test_on_batch(X, y, return_dict=True) == pytest.approx(expected)


@pytest.mark.one_backend
def test_outputs_that_come_to_one_name_are_refused():
    x = keras.Input((4,))
    model = keras.Model(x, {"a/b": keras.layers.Dense(1)(x), "a": {"b": keras.layers.Dense(1)(x)}})
    with pytest.raises(ValueError, match=r"Each output of the model must have a name of its own.*two called 'a/b'"):
        ml.compile(model, "sgd", loss={"a/b": "mse"})


@pytest.mark.parametrize(
    "names",
    [("v x", "v_x"), ("a/b", "a__b"), ("a", "a/size"), ("a", "a/b"), ("loss", "weight"), ("class_name", "config")],
)
def test_every_term_has_variables_and_logs_of_its_own(names):
    x = keras.Input((4,))
    model = keras.Model(x, {"out": keras.layers.Dense(1, kernel_initializer="zeros", name="head")(x)})
    terms = {
        name: ml.Constraint(ml.Term("mse", output="out", target=f"t{place}", scale="running_mean"), 1e9)
        for place, name in enumerate(names)
    }
    trainer = ml.compile(model, keras.optimizers.SGD(0.0), loss=terms)
    y = {"t0": np.full((SAMPLES, 1), 2, "float32"), "t1": np.full((SAMPLES, 1), 20, "float32")}
    logs = trainer.fit(X, y, verbose=0).history
    assert [logs[f"{name}_loss"][0] for name in names] == pytest.approx([4.0, 400.0])
    assert len({id(trainer.state[key]) for key in trainer.state.keys}) == len(trainer.state.keys)
    scales = [trainer.state.read(trainer.terms[name].scale_prefix) for name in names]
    assert scales[0].keys() == scales[1].keys()
    values = [keras.ops.convert_to_numpy(next(iter(scale.values()))).max() for scale in scales]
    assert values[1] == pytest.approx(100 * values[0], rel=1e-4)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("loss", "metrics", "message"),
    [
        ({"a": "mse", "val_a": "mse"}, None, "'val_a_loss' of term 'val_a' and of the validation of term 'a'"),
        ({"a": "mse"}, {"a": keras.metrics.MeanSquaredError("loss")}, "'a_loss' of term 'a' and of the metric"),
        ({"a": "mse"}, {"a": keras.metrics.MeanSquaredError("weight")}, "'a_weight' of the metric .* and of term 'a'"),
        ({"a": {"": "mse"}}, None, "keys of `loss` must be names"),
        ({"": "mse"}, None, "keys of `loss` must be names"),
        ({"a": {"b": "mse"}, "a/b": ml.Term("mae", output="a")}, None, "'a/b' twice"),
        ({"a": {"b/c": "mse"}, "a/b": {"c": ml.Term("mae", output="a")}}, None, "'a/b/c' twice"),
    ],
)
def test_a_name_that_another_has_is_refused(loss, metrics, message):
    x = keras.Input((4,))
    model = keras.Model(x, {"a": keras.layers.Dense(1)(x), "val_a": keras.layers.Dense(1)(x)})
    with pytest.raises(ValueError, match=message):
        ml.compile(model, "sgd", loss=loss, metrics=metrics)


@pytest.mark.one_backend
@pytest.mark.parametrize(("name", "balancer"), [("loss", None), ("objective", "uncertainty")])
def test_a_metric_of_the_only_output_may_not_be_called_as_the_total(name, balancer):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    metric = keras.metrics.MeanSquaredError(name)
    with pytest.raises(ValueError, match=f"Each log must have one owner. Received: '{name}'"):
        ml.compile(model, "sgd", loss="mse", metrics=[metric], balancer=balancer)


@pytest.mark.one_backend
def test_a_weight_named_twice_is_refused():
    x = keras.Input((4,))
    model = keras.Model(x, {"a": keras.layers.Dense(1)(x)})
    with pytest.raises(ValueError, match="Each entry of `loss_weights` must have a name of its own"):
        ml.compile(model, "sgd", loss={"a": {"b": "mse"}}, loss_weights={"a": {"b": 1.0}, "a/b": 2.0})


def test_a_list_of_metrics_for_outputs_that_are_not_known_is_refused():
    """Keras gives each output one of them; all would go to the first."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = keras.layers.Dense(1), keras.layers.Dense(1)

        def call(self, inputs):
            return [self.first(inputs), self.second(inputs)]

    trainer = ml.compile(Model(), "sgd", loss=["mse", "mse"], metrics=["mae", "mse"])
    with pytest.raises(ValueError, match=r"`metrics` must be a dict by output name, for the outputs \['output_0', 'o"):
        trainer.fit(X, [FIRST, SECOND], verbose=0)

"""Every spelling of `sample_weight` has its effect, or is refused by name."""

import keras
import numpy as np
import pytest

import multiloss as ml

SAMPLES = 4
WEIGHT = np.array([1, 0, 0, 0], "float32")
ONES = np.ones(SAMPLES, "float32")
X = np.ones((SAMPLES, 2), "float32")
# Predictions are 0 and targets 1, so that each loss is 1, and a weighted term the mean of its weights.
Y = {"click": np.ones((SAMPLES, 1), "float32"), "cvr": np.ones((SAMPLES, 1), "float32")}


def _model(names=("ctr", "cvr")):
    x = keras.Input((2,))
    return keras.Model(x, {name: keras.layers.Dense(1, kernel_initializer="zeros")(x) for name in names})


def _trainer(**more):
    loss = {"ctr": {"main": ml.Term("mse", target="click"), "extra": ml.Term("mae", target="click")}, "cvr": "mse"}
    return ml.compile(_model(), keras.optimizers.SGD(0.0), loss={**loss, **more}, run_eagerly=True)


def _logged(logs):
    return [float(logs[f"{name}_loss"]) for name in ("ctr/main", "ctr/extra", "cvr")]


SPELLINGS = {
    "one array": (WEIGHT, [0.25, 0.25, 0.25]),
    "a column": (WEIGHT[:, None], [0.25, 0.25, 0.25]),
    "target": ({"click": WEIGHT}, [0.25, 0.25, 1]),
    "output": ({"ctr": WEIGHT}, [0.25, 0.25, 1]),
    "term": ({"ctr/extra": WEIGHT}, [1, 0.25, 1]),
    "nested term": ({"ctr": {"extra": WEIGHT}}, [1, 0.25, 1]),
    "term before output": ({"ctr/extra": ONES, "ctr": WEIGHT}, [0.25, 1, 1]),
    "every target": ({"click": WEIGHT, "cvr": ONES}, [0.25, 0.25, 1]),
    "every output": ({"ctr": ONES, "cvr": WEIGHT}, [1, 1, 0.25]),
    "none for one": ({"click": None, "cvr": WEIGHT}, [1, 1, 0.25]),
    "list": ([WEIGHT, ONES], [0.25, 0.25, 1]),
    "list with none": ([None, WEIGHT], [1, 1, 0.25]),
}


class _Batches(keras.utils.PyDataset):
    def __init__(self, *data):
        super().__init__()
        self.parts = data

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.parts


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_arrays(spelling):
    weight, expected = SPELLINGS[spelling]
    trainer = _trainer()
    logs = trainer.evaluate(X, Y, sample_weight=weight, verbose=0, return_dict=True)
    assert _logged(logs) == pytest.approx(expected)
    history = trainer.fit(X, Y, sample_weight=weight, validation_data=(X, Y, weight), verbose=0).history
    assert _logged({name: values[0] for name, values in history.items()}) == pytest.approx(expected)
    assert _logged({name: history[f"val_{name}"][0] for name in logs}) == pytest.approx(expected)
    assert _logged(trainer.train_on_batch(X, Y, weight, return_dict=True)) == pytest.approx(expected)
    assert _logged(trainer.test_on_batch(X, Y, weight, return_dict=True)) == pytest.approx(expected)
    probe = trainer.probe(X, Y, weight)
    assert probe.losses == pytest.approx(expected)


@pytest.mark.parametrize("spelling", [name for name, (weight, _) in SPELLINGS.items() if isinstance(weight, dict)])
def test_every_spelling_of_data_sets(spelling):
    weight, expected = SPELLINGS[spelling]
    weight = {name: value for name, value in weight.items() if value is not None}
    logs = _trainer().evaluate(_Batches(X, Y, weight), verbose=0, return_dict=True)
    assert _logged(logs) == pytest.approx(expected)


@pytest.mark.parametrize("weight", [{"click": WEIGHT}, {"cvr": ONES, "ctr/main": WEIGHT, "ctr/extra": WEIGHT}, WEIGHT])
def test_compiled_and_cut_into_batches_it_is_the_same(weight):
    model = _model()
    loss = {"ctr": {"main": ml.Term("mse", target="click"), "extra": ml.Term("mae", target="click")}, "cvr": "mse"}
    trainer = ml.compile(model, keras.optimizers.SGD(0.0), loss=loss)
    logs = trainer.fit(X, Y, sample_weight=weight, batch_size=3, shuffle=False, verbose=0).history
    assert _logged({name: values[0] for name, values in logs.items()})[:2] == pytest.approx([0.25, 0.25])


def test_terms_of_one_output_with_targets_of_their_own():
    loss = {"ctr": {"first": ml.Term("mse", target="click"), "second": ml.Term("mse", target="cvr_target")}}
    trainer = ml.compile(_model(), "sgd", loss=loss, weighted_metrics={"ctr": "mae"}, run_eagerly=True)
    y = {"click": Y["click"], "cvr_target": 2 * Y["cvr"]}
    logs = trainer.evaluate(X, y, sample_weight={"click": WEIGHT * 2}, verbose=0, return_dict=True)
    assert (logs["ctr/first_loss"], logs["ctr/second_loss"]) == pytest.approx((0.5, 4.0))
    logs = trainer.evaluate(X, y, sample_weight={"cvr_target": WEIGHT}, verbose=0, return_dict=True)
    assert (logs["ctr/first_loss"], logs["ctr/second_loss"]) == pytest.approx((1.0, 1.0))


def test_metrics_are_weighted_by_the_weights_of_the_target():
    loss = {"ctr": ml.Term("mse", target="click"), "cvr": "mse"}
    trainer = ml.compile(_model(), "sgd", loss=loss, weighted_metrics={"ctr": "mae"}, run_eagerly=True)
    y = {**Y, "click": np.array([[3], [1], [1], [1]], "float32")}
    for weight in ({"click": WEIGHT}, {"ctr": WEIGHT}, WEIGHT):
        logs = trainer.evaluate(X, y, sample_weight=weight, verbose=0, return_dict=True)
        assert logs["ctr_mae"] == pytest.approx(3.0)
        assert logs["ctr_loss"] == pytest.approx(9 / 4)


def test_a_target_called_like_an_output_is_weighted_as_that_output():
    loss = {"a": "mse", "b": ml.Term("mse", target="a")}
    trainer = ml.compile(_model(("a", "b")), "sgd", loss=loss, run_eagerly=True)
    logs = trainer.evaluate(X, {"a": Y["cvr"]}, sample_weight={"a": WEIGHT}, verbose=0, return_dict=True)
    assert (logs["a_loss"], logs["b_loss"]) == pytest.approx((0.25, 1.0))
    logs = trainer.evaluate(X, {"a": Y["cvr"]}, sample_weight={"b": WEIGHT}, verbose=0, return_dict=True)
    assert (logs["a_loss"], logs["b_loss"]) == pytest.approx((1.0, 0.25))


def test_weights_without_targets_reach_a_joint_term_or_are_refused():
    def weighted(y_pred, sample_weight):
        return (1 - y_pred["ctr"][:, 0]) * sample_weight

    def plain(y_pred):
        return y_pred["ctr"][:, 0]

    trainer = ml.compile(_model(), "sgd", loss={"joint": ml.Joint(weighted)}, run_eagerly=True)
    logs = trainer.evaluate(X, sample_weight=WEIGHT, verbose=0, return_dict=True)
    assert logs["joint_loss"] == pytest.approx(0.25)
    trainer = ml.compile(_model(), "sgd", loss={"joint": ml.Joint(plain)}, run_eagerly=True)
    with pytest.raises(ValueError, match="`sample_weight` must be read by a term"):
        trainer.fit(X, sample_weight=WEIGHT, verbose=0)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({"clik": WEIGHT}, r"Unknown key of `sample_weight`, 'clik'\. Did you mean 'click'\?"),
        ({"spare": WEIGHT}, "'spare' weighs none"),
        ({"click": WEIGHT, "ctr": WEIGHT}, "'click' weighs none"),
        ({"ctr/main": WEIGHT, "ctr": {"main": WEIGHT}}, "Each array of `sample_weight` must have a name of its own"),
        ((WEIGHT, WEIGHT, WEIGHT), "`sample_weight` must have one entry for each of the outputs"),
    ],
)
def test_weights_that_would_weigh_nothing_are_refused(weight, message):
    y = {**Y, "spare": ONES}
    for call in (
        lambda: _trainer().fit(X, y, sample_weight=weight, verbose=0),
        lambda: _trainer().evaluate(_Batches(X, y, weight), verbose=0),
        lambda: _trainer().train_on_batch(X, y, weight),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            call()
        assert len(str(caught.value)) < 400


def test_a_joint_sees_the_weights_by_name():
    seen = []

    def reads(y_pred, sample_weight):
        seen.append(sorted(sample_weight))
        return y_pred["cvr"][:, 0]

    trainer = _trainer(joint=ml.Joint(reads))
    trainer.test_on_batch(X, Y, {"click": WEIGHT})
    assert seen[-1] == ["click", "ctr"]


def test_the_order_of_terms_does_not_matter():
    terms = {"other": ml.Term("mse", output="a", target="y"), "a": ml.Term("mse", target="x")}
    for names in (("other", "a"), ("a", "other")):
        trainer = ml.compile(_model(("a",)), "sgd", loss={name: terms[name] for name in names}, run_eagerly=True)
        weight = {"x": WEIGHT, "y": 2 * WEIGHT}
        logs = trainer.test_on_batch(X, {"x": Y["cvr"], "y": Y["cvr"]}, weight, return_dict=True)
        assert (logs["a_loss"], logs["other_loss"]) == pytest.approx((0.25, 0.5))

"""Scales by target statistics in training: a statistic of the data, not of a batch's accident."""

import keras
import numpy as np
import pytest

import multiloss as ml


def pixels(samples):
    """Inputs, and sizes in the hundreds: the usual weight is about 1e-4."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(samples, 4)).astype("float32")
    size = 200.0 + 100.0 * x[:, :1] + 20.0 * generator.normal(size=(samples, 1))
    return x, {"size": size.astype("float32"), "near": x[:, 1:2] - x[:, 2:3]}


def trainer_for(scale="target_variance", learning_rate=0.01, **term):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="tanh")(inputs)
    model = keras.Model(inputs, {name: keras.layers.Dense(1, name=name)(hidden) for name in ("size", "near")})
    loss = {"size": ml.Term("mse", scale=scale, **term), "near": "mse"}
    return ml.compile(model, keras.optimizers.SGD(learning_rate), loss=loss)


def first(data, samples):
    x, y = data
    return x[:samples], {name: target[:samples] for name, target in y.items()}


def test_one_row_more_is_worth_one_row():
    """Fault C1: 257 rows in batches of 32 or 256 leave a batch of one, whose variance is none."""
    trainer, data = trainer_for(learning_rate=0.0), pixels(258)
    trainer.fit(*first(data, 256), batch_size=32, verbose=0)
    variance = data[1]["size"][:256].astype("float64").var()
    found = []
    for rows in (256, 257, 258):
        x, y = first(data, rows)
        logs = trainer.evaluate(x, y, batch_size=32, verbose=0, return_dict=True)
        predicted = trainer.model.predict(x, verbose=0)
        errors = {name: float(np.mean((predicted[name].astype("float64") - y[name]) ** 2)) for name in y}
        assert logs["loss"] == pytest.approx(errors["size"] / variance + errors["near"], rel=1e-4)
        found.append(logs["loss"])
    assert max(found) / min(found) < 1.02


def test_training_with_a_batch_of_one_is_that_with_the_number():
    data = pixels(257)
    variance = float(data[1]["size"][:256].astype("float64").var())
    found, expected = (
        trainer_for(scale, 0.1).fit(*data, batch_size=256, epochs=4, shuffle=False, verbose=0).history
        for scale in ("target_variance", variance)
    )
    np.testing.assert_allclose(found["size_weight"], 1.0 / variance, rtol=2e-2)
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=2e-2)
    np.testing.assert_allclose(found["size_loss"], expected["size_loss"], rtol=1e-3)


@pytest.mark.parametrize("balancer", [None, "uncertainty", "upgrad"])
def test_before_a_handful_of_labels_the_term_takes_no_part(balancer):
    trainer, (x, y) = trainer_for(), pixels(16)
    trainer.compile(keras.optimizers.SGD(0.01), loss=trainer._arguments["loss"], balancer=balancer)
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in trainer.model.get_layer("size").variables]
    batch = [(x[a:b], {name: target[a:b] for name, target in y.items()}) for a, b in ((0, 1), (1, 4), (4, 16))]
    few = [trainer.train_on_batch(*rows, return_dict=True) for rows in batch[:2]]
    after = [keras.ops.convert_to_numpy(v) for v in trainer.model.get_layer("size").variables]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [logs["size_weight"] for logs in few] == [0.0, 0.0]
    assert all(np.isfinite(logs["loss"]) and logs["near_weight"] > 0 for logs in few)
    trainer.reset_metrics()
    enough = trainer.train_on_batch(*batch[2], return_dict=True)
    if balancer is None:
        assert enough["size_weight"] == pytest.approx(1.0 / y["size"].astype("float64").var(), rel=1e-4)


def test_unknown_is_said_and_is_no_number():
    trainer, data = trainer_for(), pixels(6)
    with pytest.warns(UserWarning, match=r"scale of 'size' is not known yet.*calibrate"):
        logs = trainer.evaluate(*data, verbose=0, return_dict=True)
    assert np.isnan(logs["loss"])
    assert np.isfinite(logs["size_loss"])
    with pytest.warns(UserWarning, match=r"scale of 'size' is not known yet"):
        trainer.fit(*data, batch_size=6, verbose=0)


def test_weights_of_zero_and_missing_labels_do_not_count(tmp_path):
    x, y = pixels(64)
    weight = (np.arange(64) % 3 > 0).astype("float32")
    y["size"][weight == 0] = 1e6
    y["size"][5] = np.nan
    counts = (weight > 0) & (np.arange(64) != 5)
    trainer = trainer_for(missing="nan", learning_rate=0.0)
    trainer.fit(x, y, sample_weight={"size": weight}, batch_size=32, verbose=0)
    expected = 1.0 / y["size"][counts].astype("float64").var()
    trainer.save(tmp_path / "run.keras")
    for one in (trainer, keras.saving.load_model(tmp_path / "run.keras")):
        logs = one.evaluate(x[counts], {n: t[counts] for n, t in y.items()}, verbose=0, return_dict=True)
        assert (logs["loss"] - logs["near_loss"]) / logs["size_loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("scale", "formula"), [("target_variance", np.var), ("target_range", np.ptp), ("max_abs_target", np.max)]
)
def test_a_pass_measures_all_labels_once(scale, formula):
    trainer, (x, y) = trainer_for(scale, missing="nan"), pixels(37)
    expected = formula(y["size"].astype("float64"))
    assert trainer.calibrate(x, y, batch_size=16) == pytest.approx({"size": expected}, rel=1e-5)
    logs = trainer.fit(x, {**y, "size": 7.0 * y["size"]}, batch_size=16, verbose=0).history
    assert logs["size_weight"] == pytest.approx([1.0 / expected], rel=1e-5)
    before = keras.ops.convert_to_numpy(trainer.state[trainer.terms["size"].scale_prefix + "count"])
    with pytest.raises(ValueError, match=r"'size'.*at least 8 labels.*Received: 4 labels"):
        trainer.calibrate(x[:4], {name: target[:4] for name, target in y.items()})
    assert keras.ops.convert_to_numpy(trainer.state[trainer.terms["size"].scale_prefix + "count"]) == before


def test_a_term_that_no_label_judges_is_no_perfect_one():
    trainer, (x, y) = trainer_for(scale=1.0, missing="nan"), pixels(16)
    bare = {**y, "size": np.full_like(y["size"], np.nan)}
    logs = trainer.fit(x, y, validation_data=(x, bare), verbose=0).history
    assert np.isnan(logs["val_size_loss"][0])
    assert logs["val_size_labelled"] == [0.0]
    assert logs["val_loss"] == logs["val_near_loss"]

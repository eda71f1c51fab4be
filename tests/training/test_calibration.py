"""`scale="calibrated"`: measured once before training, kept, saved; and no scale turns a gradient."""

import keras
import numpy as np
import pytest
from models import data, largest_difference, two_heads, weights_of

import multiloss as ml
from multiloss._core.registry import members


def trainer_with(scale, *, loss_weights=None):
    loss = {"value": ml.Term("mse", scale=scale), "label": "sparse_categorical_crossentropy"}
    return ml.compile(
        two_heads(dropout=0.2, norm=True), keras.optimizers.SGD(0.1), loss=loss, loss_weights=loss_weights
    )


def batch_losses(model, x, y):
    predicted = model.predict(x, verbose=0)["value"]
    return [
        float(np.mean((predicted[start : start + 16] - y["value"][start : start + 16]) ** 2)) for start in (0, 16, 32)
    ]


def generator(x, y):
    for start in (0, 16, 32):
        yield x[start : start + 16], {name: target[start : start + 16] for name, target in y.items()}


@pytest.mark.parametrize(
    ("statistic", "expected"), [("mean", np.mean), ("max", np.max), ("std", lambda v: np.std(v, ddof=1))]
)
def test_the_pass_measures_and_changes_nothing_else(statistic, expected, tmp_path):
    x, y = data()
    trainer = trainer_with(ml.scales.Calibrated(statistic))
    before = weights_of(trainer.model)
    with pytest.raises(ValueError, match=r"'value'.*calibrate\(data\)"):
        trainer.fit(x, y, verbose=0)
    with pytest.raises(ValueError, match="calibrate"):
        trainer.train_on_batch(x, y)
    measured = trainer.calibrate(x, y, batch_size=16)
    assert measured == pytest.approx({"value": expected(batch_losses(trainer.model, x, y))}, rel=1e-4)
    assert largest_difference(before, weights_of(trainer.model)) == 0.0
    if statistic == "mean":
        assert trainer.calibrate(generator(x, y)) == pytest.approx(measured, rel=1e-6)
        assert trainer.calibrate(x, y, batch_size=16, steps=1) == pytest.approx(
            {"value": batch_losses(trainer.model, x, y)[0]}, rel=1e-4
        )
        trainer.calibrate(x, y, batch_size=16)
        results = trainer.evaluate(x, y, batch_size=16, verbose=0, return_dict=True)
        # A measured pass is a yardstick: it counts in the validation loss.
        yardstick = results["value_loss"] / measured["value"] + results["label_loss"]
        assert results["loss"] == pytest.approx(yardstick, rel=1e-5)
        logs = trainer.fit(x, y, batch_size=16, epochs=2, verbose=0).history
        assert logs["value_weight"] == pytest.approx([1.0 / measured["value"]] * 2, rel=1e-5)
        trainer.save(tmp_path / "run.keras")
        again = keras.saving.load_model(tmp_path / "run.keras")
        assert again.fit(x, y, batch_size=16, verbose=0).history["value_weight"] == pytest.approx(
            [1.0 / measured["value"]], rel=1e-5
        )


def test_what_cannot_be_calibrated_says_why():
    x, y = data()
    with pytest.raises(ValueError, match="No term asks for a measuring pass"):
        trainer_with("running_mean").calibrate(x, y)
    trainer = trainer_with("calibrated")
    unusable = {**y, "value": np.full_like(y["value"], np.inf)}
    with pytest.raises(ValueError, match=r"'value'.*calibrated.*must be finite"):
        trainer.calibrate(x, unusable)
    with pytest.raises(ValueError, match="calibrate"):
        trainer.fit(x, y, verbose=0)


@pytest.mark.parametrize("scale", [entry.name for entry in members("scale")])
def test_a_scaled_gradient_keeps_its_direction(scale):
    """The step of a scaled term alone is parallel to the plain one: divided, never shifted (demand, trap 1)."""
    x, y = data()

    def one_step(with_scale):
        keras.utils.set_random_seed(0)
        model = two_heads()
        loss = {"value": ml.Term("mse", scale=with_scale), "label": "sparse_categorical_crossentropy"}
        trainer = ml.compile(model, keras.optimizers.SGD(0.01), loss=loss, loss_weights={"label": 0.0})
        if with_scale == "calibrated":
            trainer.calibrate(x, y)
        before = weights_of(model)
        trainer.train_on_batch(x, y)
        return np.concatenate([(a - b).ravel() for a, b in zip(weights_of(model), before, strict=True)])

    scaled, plain = one_step(scale), one_step(None)
    cosine = scaled @ plain / np.linalg.norm(scaled) / np.linalg.norm(plain)
    assert np.linalg.norm(plain) > 0
    assert cosine == pytest.approx(1.0, abs=1e-5)

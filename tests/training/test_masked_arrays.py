"""NumPy's masked arrays lose their mask in every backend, so that they are refused by name."""

import keras
import numpy as np
import pytest
from models import data, losses, two_heads

import multiloss as ml


def _masked():
    x, y = data()
    y["value"][3, 0] = 1e6
    return x, {**y, "value": np.ma.masked_greater(y["value"], 1e5)}


def _by_generator(trainer, x, y):
    trainer.fit(((x, y) for _ in range(2)), steps_per_epoch=2, shuffle=False, verbose=0)


WAYS = {name: getattr(ml.MultiLossModel, name) for name in ("fit", "evaluate", "train_on_batch", "test_on_batch")}
WAYS |= {"probe": ml.MultiLossModel.probe, "calibrate": ml.MultiLossModel.calibrate, "generator": _by_generator}


@pytest.mark.parametrize("way", WAYS)
def test_a_masked_target_is_refused_by_name(way):
    x, y = _masked()
    terms = {**losses(), "value": ml.Term("mse", scale="calibrated" if way == "calibrate" else None)}
    trainer = ml.compile(two_heads(), "sgd", loss=terms)
    before = trainer.model.get_weights()
    with pytest.raises(ValueError, match=r"`y\['value'\]` must not be a masked array.*Received: 1 masked entry of 96"):
        WAYS[way](trainer, x, y)
    for after, weight in zip(trainer.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(after, weight)


def test_validation_data_and_later_batches_are_looked_at():
    x, y = _masked()
    plain = {**y, "value": np.asarray(y["value"])}
    trainer = ml.compile(two_heads(), "sgd", loss=losses())
    with pytest.raises(ValueError, match=r"`validation_data\[1\]\['value'\]` must not be a masked array"):
        trainer.fit(x, plain, validation_data=(x, y), verbose=0)
    trainer.train_on_batch(x, plain)
    with pytest.raises(ValueError, match="must not be a masked array"):
        trainer.train_on_batch(x, y)


def test_diagnose_refuses_it_too():
    x, y = _masked()
    with pytest.raises(ValueError, match="must not be a masked array"):
        ml.diagnose(ml.compile(two_heads(), "sgd", loss=losses()), (x, y))


def test_an_array_in_which_nothing_is_masked_is_an_array():
    x, y = data()
    trainer = ml.compile(two_heads(), keras.optimizers.SGD(0.0), loss=losses())
    expected = trainer.evaluate(x, y, verbose=0, return_dict=True)["value_loss"]
    found = trainer.evaluate(x, {**y, "value": np.ma.array(y["value"])}, verbose=0, return_dict=True)["value_loss"]
    assert found == pytest.approx(expected)

"""An error in data, in whatever loop of Keras, leaves every variable with its last value; JAX's loops empty them."""

import keras
import numpy as np
import pytest
from models import data, losses, two_heads

import multiloss as ml

SIZE = 16


class _Torn(keras.utils.PyDataset):
    """Batches, the last of which cannot be read."""

    def __init__(self, good):
        super().__init__()
        self.good, self.data = good, data()

    def __len__(self):
        return self.good + 1

    def __getitem__(self, index):
        if index == self.good:
            raise OSError("the disk is gone")
        x, y = self.data
        part = slice(index * SIZE, (index + 1) * SIZE)
        return x[part], {name: target[part] for name, target in y.items()}


def _values(trainer):
    return [np.array(keras.ops.convert_to_numpy(v)) for v in [*trainer.weights, *trainer.optimizer.variables]]


@pytest.mark.parametrize("method", ["evaluate", "predict", "fit"])
def test_an_error_in_the_data_loses_nothing(method):
    """After a batch that was trained on before: what is left in Keras's loop of that must not come back."""
    trainer = ml.compile(two_heads(), keras.optimizers.SGD(0.1, momentum=0.9), loss=losses(), run_eagerly=True)
    x, y = data()
    trainer.train_on_batch(x[:SIZE], {name: target[:SIZE] for name, target in y.items()})
    trainer.model.set_weights([weight + 0.5 for weight in trainer.model.get_weights()])
    expected = _values(trainer)
    settings = {"verbose": 0, **({"shuffle": False} if method == "fit" else {})}
    with pytest.raises(OSError, match="the disk is gone"):
        getattr(trainer, method)(_Torn(0), **settings)
    for value, before in zip(_values(trainer), expected, strict=True):
        np.testing.assert_array_equal(value, before)
    with pytest.raises(OSError, match="the disk is gone"):
        getattr(trainer, method)(_Torn(1), **settings)
    for value, before in zip(_values(trainer), expected, strict=True):
        assert method == "fit" or (value == before).all()
    assert np.isfinite(trainer.evaluate(x, y, verbose=0)[0])

"""Tensors and data sets of the backend itself."""

import keras
import numpy as np
import pytest

from multiloss.experiments.fingerprints import digest, fingerprint


def test_tensors_are_known_by_their_values():
    assert digest(keras.ops.ones((2, 3))) != digest(keras.ops.zeros((2, 3)))
    assert digest(keras.ops.ones((2, 3))) == digest(keras.ops.ones((2, 3)))
    assert not fingerprint({"training data": keras.ops.ones((2, 3))}).unread


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="imports TensorFlow")
def test_a_tensorflow_data_set_is_known_by_what_it_gives():
    import tensorflow

    def made(value=1.0):
        return tensorflow.data.Dataset.from_tensor_slices(np.arange(8.0)[:, None] * value).batch(4)

    assert digest(made()) == digest(made())
    assert digest(made()) != digest(made(2.0))
    assert not fingerprint({"training data": made()}).unread
    shuffled = made().shuffle(8)
    assert "something else each time" in fingerprint({"training data": shuffled}).unread[0]
    shuffled.fingerprint = "first"
    assert not fingerprint({"training data": shuffled}).unread
    assert "without end" in fingerprint({"training data": made().repeat()}).unread[0]
    ragged = tensorflow.ragged.constant([[1], [2, 3]])
    assert digest(ragged) != digest(tensorflow.ragged.constant([[1, 2], [3]]))

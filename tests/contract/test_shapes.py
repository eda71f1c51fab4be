"""The suite checks the shapes that annotations state: a wrong one fails where it first appears."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError
from keras import ops

import multiloss as ml
from backend import compiled
from multiloss._core.normalization import normalize_weights


def _signals(losses=3, gramian=(3, 3)):
    return ml.Signals(losses=ops.ones(losses), present=ops.ones(3, "bool"), gramian=ops.ones(gramian))


def test_signals_agree_on_the_number_of_terms():
    _signals()
    for wrong in ({"losses": 4}, {"losses": (3, 1)}, {"gramian": (3, 4)}, {"gramian": (4, 4)}):
        with pytest.raises(TypeCheckError, match=r"losses|present|gramian"):
            _signals(**wrong)


def _of_shape(shape):
    def raw_weights(self, signals, state):
        return ops.ones(shape), state

    return raw_weights


@pytest.mark.parametrize("shape", [(3, 1), (4,), ()])
@pytest.mark.parametrize("wrap", [lambda function: function, compiled], ids=["eager", "compiled"])
def test_weights_are_one_number_for_each_term(shape, wrap, monkeypatch):
    member = ml.aggregation.MGDA()
    monkeypatch.setattr(ml.aggregation.MGDA, "raw_weights", _of_shape(shape))

    def weights(gramian):
        return member.weights(ml.Signals(ops.ones(3), ops.ones(3, "bool"), gramian=gramian), {})[0]

    # TensorFlow wraps what fails while a graph is traced in an error of its own, with this one's message.
    with pytest.raises(Exception, match="must return one weight for each of the 3 terms"):
        wrap(weights)(ops.convert_to_tensor(np.eye(3, dtype="float32")))


@pytest.mark.parametrize("shape", [(3, 1), (4,), ()])
@pytest.mark.parametrize("wrap", [lambda function: function, compiled], ids=["eager", "compiled"])
def test_weights_are_as_many_as_terms_where_they_are_normalised(shape, wrap):
    def normalised(weights):
        return normalize_weights(weights, ops.ones(3, "bool"), "none")

    with pytest.raises(Exception, match=r"Type-check error whilst checking [^\n]*weights"):
        wrap(normalised)(ops.ones(shape))


def test_what_has_no_shape_is_left_to_the_errors_of_the_library():
    with pytest.raises(ValueError, match="backward"):
        ml.aggregation.MGDA(backward=3)

"""Losses as the findings name them: what is written there exists, and makes the loss that is meant."""

import keras
import pytest

import multiloss as ml
from multiloss._core import registry
from multiloss._core.configured import parameters
from multiloss.diagnostics._loss_code import loss_code, loss_of_logits
from multiloss.terms._loss_function import LossFunction

pytestmark = pytest.mark.one_backend


class Own(keras.losses.Loss):
    def __init__(self, from_logits=False, name=None):
        super().__init__(name=name)
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        y_pred = keras.ops.sigmoid(y_pred) if self.from_logits else y_pred
        return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)

    def get_config(self):
        return {**super().get_config(), "from_logits": self.from_logits}


def with_logits():
    """Every loss of ours and of Keras's that can be told that it gets logits, by its class."""
    # In one order, and each once: the workers of pytest-xdist must collect the same tests.
    known = dict.fromkeys(entry.cls for entry in registry.members("loss"))
    known |= dict.fromkeys(cls for cls in vars(keras.losses).values() if isinstance(cls, type))
    return sorted((cls for cls in known if "from_logits" in parameters(cls)), key=lambda cls: cls.__module__)


@pytest.mark.parametrize("cls", with_logits())
def test_the_loss_that_is_advised_for_logits_exists(cls):
    made = [cls() for _ in range(12)][-1]  # Keras numbers the names that it makes up
    advised = loss_of_logits(made, "")
    told = eval(advised, {"ml": ml, "keras": keras})
    assert type(told) is cls
    assert told.get_config()["from_logits"]


@pytest.mark.parametrize("name", ["bce", "binary_crossentropy", "sparse_categorical_crossentropy", "crossentropy"])
def test_the_loss_that_is_advised_for_a_name_exists(name):
    assert eval(loss_of_logits(name, "binary"), {"ml": ml, "keras": keras}).get_config()["from_logits"]


def test_a_loss_that_knows_no_logits_is_not_told():
    assert loss_of_logits(len, "") == ""
    assert loss_of_logits(keras.losses.Dice(), "") == ""


def test_losses_are_called_what_they_are():
    losses = [Own() for _ in range(12)][-1], [ml.losses.Dice() for _ in range(12)][-1]
    assert [LossFunction(loss).name for loss in losses] == ["own", "dice"]
    assert LossFunction(ml.losses.Dice(name="mine_3")).name == "mine_3"
    assert [repr(ml.Term(loss)) for loss in losses] == ["Term(loss=Own())", "Term(loss=Dice())"]
    assert loss_code(losses[1]) == "ml.losses.Dice()"
    assert loss_code(keras.losses.Huber(delta=2.0)) == "keras.losses.Huber(delta=2.0)"

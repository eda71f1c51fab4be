"""What a fresh user gets wrong: one line that names the term or the argument, and says what to write."""

import keras
import numpy as np
import pytest
from keras import ops
from models import data, losses, two_heads

import multiloss as ml


def compiled(**arguments):
    loss = {**losses(), **arguments.pop("loss", {})}
    return ml.compile(two_heads(), arguments.pop("optimizer", "sgd"), loss=loss, **arguments)


class _Member(ml.Balancer):
    """Equal weights from a given result."""

    needs = ml.Needs.LOSSES

    def __init__(self, result):
        super().__init__()
        self.result = result

    def init(self, num_terms):
        return {"memory": np.zeros(num_terms, "float32")}

    def raw_weights(self, signals, state):
        return self.result(ops.ones_like(signals.losses), state)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda ones, state: ones, "must return the weights and the state"),
        (lambda ones, state: (ones, state, ones), "weights and the state. Received: a tuple of 3"),
        (lambda ones, state: (ops.ones((5,)), state), r"one weight for each of the 2 terms. Received: shape \(5,\)"),
        (lambda ones, state: (ops.ones(()), state), r"one weight for each of the 2 terms. Received: shape \(\)"),
        (lambda ones, state: ([1.0, 1.0], state), "one weight for each of the 2 terms. Received: list"),
        (lambda ones, state: (ones, {}), "a state like that of `init`.*'memory'"),
        (lambda ones, state: (ones, {**state, "more": ones}), "a state like that of `init`.*'more'"),
        (lambda ones, state: (ones, {"memory": ops.ones((7,))}), r"a state like that of `init`.*\(7,\)"),
    ],
)
def test_a_balancer_that_breaks_its_contract(result, message):
    x, y = data(16)
    with pytest.raises(ValueError, match=f"the balancer _Member.*{message}"):
        compiled(balancer=_Member(result), run_eagerly=True).train_on_batch(x, y)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda y_pred: None, "must return numbers.*Received: NoneType. Did it end without `return`"),
        (lambda y_pred: "0.5", "must return numbers.*Received: str"),
        (lambda y_pred: (y_pred, y_pred), "must return numbers.*Received: tuple"),
    ],
)
@pytest.mark.parametrize("kind", ["loss", "joint", "output", "weights"])
def test_a_function_that_returns_no_numbers(kind, value, message):
    x, y = data(16)
    terms = {
        "loss": {"value": lambda y_true, y_pred: value(y_pred)},
        "joint": {"value": ml.Joint(lambda y_pred: value(y_pred["value"]))},
        "output": {"value": ml.OutputPenalty(value)},
        "weights": {"value": ml.WeightPenalty(value)},
    }
    with pytest.raises(ValueError, match=f"The function of term 'value' {message}"):
        compiled(loss=terms[kind]).train_on_batch(x, y)


def test_a_loss_that_returns_values_of_other_samples():
    x, y = data(16)
    twice = {"value": lambda y_true, y_pred: ops.concatenate([y_pred, y_pred[:1]])[:, 0]}
    with pytest.raises(ValueError, match=r"'value' must give one value per sample, or per entry, or a scalar"):
        compiled(loss=twice).train_on_batch(x, y)


class NoNeeds(ml.Balancer):
    def raw_weights(self, signals, state):
        return signals.losses, state


class NoBase(NoNeeds):
    needs = ml.Needs.LOSSES

    def __init__(self):
        pass


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": None}, "`optimizer` must be a name or a keras optimizer. Received: None"),
        ({"optimizer": keras.optimizers.Adam}, r"`optimizer` must be.*Write Adam\(\)"),
        ({"optimizer": "adamm"}, "adamm"),
        ({"balancer": NoNeeds()}, r"The balancer NoNeeds must say what it reads.*ml\.Needs\.LOSSES"),
        ({"balancer": NoBase()}, r"The balancer NoBase must call the __init__ of its base.*super\(\)\.__init__"),
        ({"loss": {"value": {}}}, "'value' must have at least one entry"),
        ({"loss": {"value": keras.losses.Huber}}, r"A loss must be.*Write Huber\(\)"),
    ],
)
def test_arguments_of_compile(arguments, message):
    with pytest.raises(ValueError, match=message):
        compiled(**arguments)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ml.Term("mse", balanced="no"), "`balanced` must be True or False. Received: 'no'"),
        (lambda: ml.Joint(lambda y_pred: y_pred, balanced=0), "`balanced` must be True or False"),
        (lambda: ml.Joint(lambda y_pred: y_pred, outputs="value"), "must be lists of names. Received: value"),
        (lambda: ml.WeightPenalty("l2", kernels_only="yes"), "`kernels_only` must be True or False"),
        (lambda: ml.WeightPenalty("l2", layers=["a", "b"]), r"must be one pattern.*'first\|second'"),
        (lambda: ml.aggregation.CAGrad(c="0.5"), "`c` must be a number. Received: '0.5'"),
    ],
)
def test_arguments_of_terms_and_balancers(make, message):
    with pytest.raises(ValueError, match=message):
        make()

"""Every public object is made again by its config and by its repr, and equals what has the same arguments."""

import inspect

import keras
import pytest

import multiloss as ml
from multiloss._core import registry

pytestmark = pytest.mark.one_backend

NAMESPACES = {
    "balancer": {**vars(ml.weighting), **vars(ml.aggregation)},
    "scale": vars(ml.scales),
    "schedule": vars(ml.schedules),
    "loss": vars(ml.losses),
}
CASES = [
    pytest.param(entry, dict(case), id=f"{entry.family}-{entry.name}-{index}")
    for family in NAMESPACES
    for entry in registry.members(family)
    for index, case in enumerate(entry.cases)
    if entry.cls.__module__.startswith("multiloss")
]


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_repr_and_config_make_the_object_again(entry, case):
    made = entry.cls(**case)
    assert eval(repr(made), dict(NAMESPACES[entry.family])) == made
    again = entry.cls.from_config(made.get_config())
    assert again == made
    assert hash(again) == hash(made)
    assert list(made.get_config()) == list(inspect.signature(entry.cls).parameters)


def function(y_pred):
    return keras.ops.mean(y_pred["a"])


TERMS = [
    (ml.Term("mse"), "Term(loss='mse')"),
    (ml.Term("mse", scale="running_mean", missing=-1), "Term(loss='mse', scale=RunningMean(), missing=-1)"),
    (ml.Term(ml.losses.Dice(smooth=0.1), scale=3), "Term(loss=Dice(smooth=0.1), scale=Constant(value=3.0))"),
    (ml.Term(keras.losses.Huber(delta=2.0)), "Term(loss=Huber(delta=2.0))"),
    (ml.Constraint("mae", upper_bound=0.1), "Constraint(term='mae', upper_bound=0.1)"),
    (ml.Joint(function, outputs=["a"]), "Joint(fn=function, outputs=['a'])"),
    (ml.WeightPenalty("l1", layers="trunk.*"), "WeightPenalty(norm='l1', layers='trunk.*')"),
    (ml.OutputPenalty("l2"), "OutputPenalty(norm='l2')"),
    (ml.schedules.Linear(0, 1, epochs=3), "Linear(start=0.0, end=1.0, epochs=3)"),
    (ml.losses.Dice(name="mine"), "Dice(name='mine')"),
    (ml.aggregation.UPGrad(every=3), "UPGrad(every=3)"),
    (ml.weighting.Smoothed("pcgrad"), "Smoothed(balancer=PCGrad())"),
]


@pytest.mark.parametrize(("made", "call"), TERMS)
def test_a_repr_tells_what_is_not_the_default(made, call):
    assert repr(made) == call


@pytest.mark.parametrize(
    "made", [ml.Term("mse", scale="initial", column=[0]), ml.Constraint(ml.Term("mse", missing="nan"), 0.5)]
)
def test_a_term_comes_back_equal(made):
    assert type(made).from_config(made.get_config()) == made
    assert made != ml.Term("mse")


def test_other_arguments_are_not_equal():
    assert ml.Term("mse") != ml.Term("mae")
    assert ml.Term(keras.losses.Huber()) != ml.Term(keras.losses.Huber(delta=2.0))
    assert ml.Term(keras.losses.Huber()) == ml.Term(keras.losses.Huber())
    assert ml.aggregation.PCGrad() != ml.aggregation.PCGrad(every=2)
    assert ml.weighting.Fixed() != ml.weighting.LogSum()


class Own(ml.Balancer):
    """Keeps its argument under another name."""

    needs = ml.Needs.LOSSES

    def __init__(self, strength=1.0, **common):
        super().__init__(**common)
        self.by = strength

    def raw_weights(self, signals, state):
        return self.by * keras.ops.ones_like(signals.losses), state

    def get_config(self):
        return {**super().get_config(), "strength": self.by}


def test_a_member_of_a_user_may_override_its_config():
    assert repr(Own(2.0)) == "Own(strength=2.0)"
    assert Own(2.0) == Own(2.0, normalize="sum_to_k") != Own(3.0)
    assert list(inspect.signature(Own).parameters) == ["strength", "normalize"]


class Forgetful(ml.Balancer):
    """Does not keep its argument."""

    needs = ml.Needs.LOSSES

    def __init__(self, strength=1.0, **common):
        super().__init__(**common)

    def raw_weights(self, signals, state):
        return keras.ops.ones_like(signals.losses), state


def test_the_contract_sees_an_argument_that_is_not_kept():
    with pytest.raises(AssertionError, match=r"must hold every argument.*strength"):
        ml.testing.check_balancer(Forgetful())


@pytest.mark.parametrize("entry", registry.members("balancer"), ids=lambda entry: entry.name)
def test_the_common_arguments_of_an_aggregator_are_seen(entry):
    if not issubclass(entry.cls, ml.aggregation.Aggregator):
        pytest.skip("reads losses alone")
    common = {"wrt", "shared", "heads", "every", "groups", "backward", "normalize"}
    parameters = inspect.signature(entry.cls).parameters
    assert common <= parameters.keys()
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in common)
    told = inspect.getdoc(entry.cls)
    assert all(told.count(f"\n    {name}: ") == 1 for name in common), told


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_no_repr_shows_an_address(entry, case):
    made = entry.cls(**case)
    holders = {"loss": lambda: ml.Term(made), "scale": lambda: ml.Term("mse", scale=made)}
    shown = [made, holders.get(entry.family, lambda: made)(), ml.Constraint(ml.Term("mse"), 1.0)]
    if entry.family == "balancer" and not isinstance(made, ml.weighting.Smoothed):
        shown.append(ml.weighting.Smoothed(made))
    assert not [text for text in map(repr, shown) if " at 0x" in text]

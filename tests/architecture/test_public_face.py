"""What a user calls: at most two arguments by position, and no argument hidden behind `**`."""

import inspect

import pytest

import multiloss as ml

pytestmark = pytest.mark.one_backend

# The rooms that a user enters by name; results and interfaces of the others are handed to them.
ROOMS = "aggregation balancers callbacks losses problems reporting scales schedules testing weighting"
MODULES = [ml, *(getattr(ml, name) for name in ROOMS.split())]
BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
HIDDEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

# Made by the library, not by its users.
RECORDS = (ml.testing.Sample, ml.testing.LossSample)

PUBLIC = {
    f"{module.__name__}.{name}": found
    for module in MODULES
    for name, found in vars(module).items()
    if not name.startswith("_")
    and callable(found)
    and getattr(found, "__module__", "").startswith("multiloss")
    and found not in RECORDS
}


def test_all_of_it_is_seen():
    assert {
        "multiloss.compile",
        "multiloss.Term",
        "multiloss.aggregation.UPGrad",
        "multiloss.losses.Dice",
    } <= PUBLIC.keys()


@pytest.mark.parametrize("name", PUBLIC)
def test_at_most_two_arguments_go_by_position(name):
    parameters = inspect.signature(PUBLIC[name]).parameters.values()
    assert len([each.name for each in parameters if each.kind in BY_POSITION]) <= 2
    if name != "multiloss.MultiLossModel":  # a keras.Model, which takes what Keras takes
        assert not [each.name for each in parameters if each.kind in HIDDEN]


def test_the_trainer_is_compiled_as_a_keras_model():
    parameters = list(inspect.signature(ml.MultiLossModel.compile).parameters.values())
    assert [each.name for each in parameters if each.kind in BY_POSITION] == ["self", "optimizer", "loss"]


def test_both_ways_to_compile_take_the_same_arguments():
    """`ml.compile` hands everything on: a new argument must stand in both signatures, with one default."""
    method = dict(inspect.signature(ml.MultiLossModel.compile).parameters)
    function = dict(inspect.signature(ml.compile).parameters)
    assert list(method)[1:] == list(function)[1:]
    assert [method[name].default for name in list(method)[1:]] == [
        function[name].default for name in list(function)[1:]
    ]

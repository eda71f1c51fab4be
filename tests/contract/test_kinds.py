"""Every argument of every member that is declared as a number or a flag refuses everything else by its name."""

import inspect

import numpy as np
import pytest

from multiloss._core import registry
from multiloss._core.configured import Configured, parameters

pytestmark = pytest.mark.one_backend

NUMBER = ("float", "int", "float | None", "int | None")
DECLARED = [
    pytest.param(entry, name, each.annotation, id=f"{entry.name}-{name}")
    for family in ("balancer", "scale", "schedule", "loss")
    for entry in registry.members(family)
    if entry.cls.__module__.startswith("multiloss")
    for name, each in parameters(entry.cls).items()
    if each.annotation in (*NUMBER, "bool")
]


@pytest.mark.parametrize(("entry", "name", "kind"), DECLARED)
def test_what_is_no_number_is_refused_by_name(entry, name, kind):
    for wrong in ("0.5", [1], {}, float("nan") if kind != "bool" else 3, True if kind != "bool" else None):
        with pytest.raises(ValueError, match=name):
            entry.cls(**{**entry.cases[0], name: wrong})


class Member(Configured):
    def __init__(self, rate: float, count: "int | None" = None, flag: bool = False, *, free=None):
        self.rate, self.count, self.flag, self.free = rate, count, flag, free


def test_numbers_of_numpy_and_none_are_taken():
    made = Member(np.float32(0.5), flag=np.bool_(True), free="anything")
    assert (made.rate, made.count, made.free) == (0.5, None, "anything")
    assert Member(1, None).count is None


def test_the_signature_stays():
    assert list(inspect.signature(Member).parameters) == ["rate", "count", "flag", "free"]
    with pytest.raises(TypeError, match="rate"):
        Member()


def test_by_position_as_by_name():
    for arguments in (("x",), (1.0, "x"), (1.0, None, "x")):
        with pytest.raises(ValueError, match=r"`(rate|count|flag)` must be"):
            Member(*arguments)

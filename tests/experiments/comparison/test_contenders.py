"""Balancers by name, object and mapping."""

import pytest

from multiloss.aggregation import PCGrad
from multiloss.experiments import Contender, contenders
from multiloss.weighting import Fixed

pytestmark = pytest.mark.one_backend


def test_names_objects_and_none():
    found = contenders(["fixed", PCGrad(), "Uncertainty"])
    assert list(found) == ["fixed", "pcgrad", "uncertainty"]
    assert isinstance(found["fixed"].balancer, Fixed)
    assert isinstance(found["pcgrad"].balancer, PCGrad)
    assert list(contenders("fixed, pcgrad")) == ["fixed", "pcgrad"]
    assert contenders([None]) == {"fixed": Contender(None)}


def test_a_mapping_gives_labels():
    found = contenders({"plain": None, "random order": PCGrad(), "by name": "pcgrad"}, baseline="plain")
    assert list(found) == ["plain", "random order", "by name"]
    assert found["plain"].balancer is None


def test_a_contender_brings_its_own_weights():
    found = contenders({"fixed": None, "small": Contender("pcgrad", {"size": 0.01})})
    assert isinstance(found["small"].balancer, PCGrad)
    assert found["small"].loss_weights == {"size": 0.01}


def test_the_baseline_is_added_first():
    assert list(contenders("pcgrad")) == ["fixed", "pcgrad"]
    assert list(contenders("fixed", baseline="pcgrad")) == ["pcgrad", "fixed"]


@pytest.mark.parametrize(
    ("balancers", "message"),
    [
        ("fixed,pcgard", "Did you mean 'pcgrad'"),
        ("", "at least one"),
        ([PCGrad(), "pcgrad"], "its own label"),
        ([3], "Expected a Balancer"),
    ],
)
def test_mistakes_are_named(balancers, message):
    with pytest.raises(ValueError, match=message):
        contenders(balancers)


def test_an_unknown_baseline_is_named():
    with pytest.raises(ValueError, match="Unknown balancer 'nothing'"):
        contenders("fixed", baseline="nothing")

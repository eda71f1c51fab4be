"""Reads what people write as a range."""

import pytest

from multiloss.experiments.tuning._balancer_choice import balancer_choices
from multiloss.experiments.tuning._ranges import Options, Span, parameter_range, weight_range

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize("value", [(1e-6, 1.0), "1e-6..1"])
def test_weights_go_by_factors(value):
    assert weight_range("size", value) == Span(1e-6, 1.0, log=True)


@pytest.mark.parametrize("value", [[0.1, 1, 10], "0.1|1|10"])
def test_a_list_is_options(value):
    assert weight_range("size", value) == Options((0.1, 1.0, 10.0))


def test_one_number_is_fixed():
    assert weight_range("size", 0.5) == weight_range("size", "0.5") == Options((0.5,))


@pytest.mark.parametrize("value", [(0.0, 1.0), (-1.0, 1.0), 0, [1.0, float("nan")], "a", (float("inf"), 1)])
def test_weights_are_positive(value):
    with pytest.raises(ValueError, match=r"positive numbers|smaller number"):
        weight_range("size", value)


@pytest.mark.parametrize("value", [(1.0, 0.5), (1, 2, 3), {}, None, []])
def test_other_things_are_refused(value):
    with pytest.raises(ValueError, match="range of"):
        weight_range("size", value)


def test_parameters_keep_their_kind():
    assert parameter_range("c", (0.1, 0.9)) == Span(0.1, 0.9)
    assert parameter_range("c", (0.01, 1.0)) == Span(0.01, 1.0, log=True)
    assert parameter_range("window", "2..8") == Span(2, 8, whole=True)
    assert parameter_range("order", "random|fixed") == Options(("random", "fixed"))
    assert parameter_range("flag", "true|false") == Options((True, False))


def test_points_of_a_span():
    assert Span(0.01, 100.0, log=True).points(5) == [0.01, 0.1, 1.0, 10.0, 100.0]
    assert Span(0.0, 1.0).points(3) == [0.0, 0.5, 1.0]
    assert Span(1, 3, whole=True).points(7) == [1, 2, 3]


def test_balancers_as_text_and_as_a_mapping_are_the_same():
    text = balancer_choices("fixed, cagrad(c=0.1..0.9), uncertainty")
    mapping = balancer_choices({"cagrad": {"c": (0.1, 0.9)}, "uncertainty": {}})
    assert list(text) == list(mapping) == ["fixed", "cagrad", "uncertainty"]
    assert text["cagrad"] == mapping["cagrad"]
    assert mapping["cagrad"].make({"c": 0.3}).c == 0.3
    assert mapping["fixed"].make({}) is None


def test_code_of_a_balancer():
    choices = balancer_choices({"cagrad": {"c": (0.1, 0.9)}, "uncertainty": {}})
    assert choices["cagrad"].code({"c": 0.3}) == "ml.aggregation.CAGrad(c=0.3)"
    assert choices["uncertainty"].code({}) == '"uncertainty"'


@pytest.mark.parametrize(
    ("balancers", "message"),
    [
        ("cagrad(d=0.1..0.9)", "Unknown parameter of balancer 'cagrad': 'd'"),
        ("cagrat(c=0.1..0.9)", "Did you mean 'cagrad'"),
        ("cagrad(c)", "name\\(parameter=range\\)"),
        ({"cagrad": 3}, "dict of parameter to range"),
    ],
)
def test_mistakes_in_balancers(balancers, message):
    with pytest.raises(ValueError, match=message):
        balancer_choices(balancers)

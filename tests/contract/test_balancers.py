"""Every registered balancer keeps the contract; and the contract test sees what it should see."""

from __future__ import annotations

import math
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

import multiloss
from backend import compiled, compilers, value_and_gradient
from multiloss import Balancer, Needs, Signals
from multiloss._core import registry
from multiloss.aggregation import MGDA, PCGrad, UPGrad
from multiloss.testing import check_balancer, find_counterexample, sample_gradients, sample_losses
from multiloss.testing._inputs import make_inputs
from multiloss.testing._runs import Run, accepted_sizes
from multiloss.weighting import Fixed, Uncertainty

CASES = [
    pytest.param(entry.cls, dict(case), id=f"{entry.name}-{number}")
    for entry in registry.members("balancer")
    for number, case in enumerate(entry.cases)
]


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_member_keeps_the_contract(cls, arguments):
    check_balancer(cls(**arguments), compile=compiled)


@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_member_keeps_the_contract_in_its_published_form(cls, arguments):
    # Not compiled: on JAX the members then share what is compiled for single operations.
    check_balancer(cls(**arguments, normalize="none"), properties=(), num_terms=[2])


@pytest.mark.parametrize("entry", registry.members("balancer"), ids=lambda entry: entry.name)
def test_member_is_described(entry):
    assert entry.summary.endswith(".")
    assert getattr(getattr(multiloss, entry.cls.__module__.split(".")[1]), entry.cls.__name__) is entry.cls
    assert isinstance(registry.resolve("balancer", entry.name, Balancer), entry.cls)


# The contract has compared the eager weights with those of `compiled` already.
OTHER_COMPILERS = {mode: compiler for mode, compiler in compilers().items() if compiler is not compiled}


@pytest.mark.skipif(not OTHER_COMPILERS, reason="the backend has one compiler")
@pytest.mark.parametrize(("cls", "arguments"), CASES)
def test_every_other_compiler_gives_the_eager_weights(cls, arguments):
    balancer = cls(**arguments)
    inputs = make_inputs(balancer, np.random.default_rng(0).normal(size=(2, 5)))
    eager, _ = Run(balancer)(inputs)
    for compiler in OTHER_COMPILERS.values():
        weights, _ = Run(balancer, compiler)(inputs)
        np.testing.assert_allclose(weights, eager, rtol=1e-4, atol=1e-5)


WITH_OBJECTIVE = [case for case in CASES if case.values[0].objective is not Balancer.objective]


@pytest.mark.parametrize(("cls", "arguments"), WITH_OBJECTIVE)
def test_weights_are_the_gradient_of_the_objective(cls, arguments):
    """By automatic differentiation, in the middle of a training, with a term absent."""
    balancer = cls(**arguments)
    terms = 3 if 3 in accepted_sizes(balancer, [3]) else 2
    inputs = make_inputs(balancer, np.eye(terms))
    _, state = Run(balancer)(inputs, steps=5)
    read = replace(inputs, present=np.arange(terms) != 1, step=5).arrays(balancer.needs)
    state = {name: ops.convert_to_tensor(value) for name, value in state.items()}
    weights, _ = balancer.raw_weights(Signals(**read), state)
    _, gradient = value_and_gradient(
        lambda losses: balancer.objective(Signals(**{**read, "losses": losses}), state), inputs.losses.astype("float32")
    )
    weights = np.where(np.arange(terms) != 1, ops.convert_to_numpy(weights), 0.0)
    np.testing.assert_allclose(weights, gradient, rtol=1e-4, atol=1e-6)


def raw(signals, value):
    return ops.ones_like(signals.losses) * value


@keras.saving.register_keras_serializable("contract_test")
class Broken(Balancer):
    """Equal weights, with one fault at a time."""

    needs = Needs.LOSSES

    def __init__(self, fault="", normalize="sum_to_k"):
        super().__init__(normalize)
        self.fault = fault
        self.calls = 0

    def init(self, num_terms):
        if self.fault == "moves the state of absent terms":
            return {"total": np.zeros(num_terms, "float32")}
        if self.fault == "divides by the last loss":
            return {"last": np.ones(num_terms, "float32")}
        return {}

    def present(self, signals):
        return ops.ones_like(signals.present) if self.fault == "weighs absent terms" else signals.present

    def raw_weights(self, signals, state):
        if self.fault == "moves the state of absent terms":
            return raw(signals, 1.0), {"total": state["total"] + 1.0}
        if self.fault == "changes itself":
            self.calls += 1
            return ops.cumsum(raw(signals, 1.0)) ** self.calls, state
        if self.fault == "another shape":
            return ops.ones((len(signals.losses) + 1,)), state
        if self.fault == "another state":
            return raw(signals, 1.0), {"more": ops.zeros(())}
        if self.fault == "divides by the loss":
            return 1.0 / signals.losses, state
        if self.fault == "divides by the last loss":
            return signals.losses / state["last"], {"last": ops.where(signals.present, signals.losses, state["last"])}
        if self.fault == "counts absent terms":
            return signals.losses + ops.sum(signals.losses) / len(signals.losses), state
        if self.fault == "absolute threshold":
            return ops.where(ops.diagonal(signals.gramian) > 1e-4, ops.cumsum(raw(signals, 1.0)), 1.0), state
        return raw(signals, 1.0), state

    def weights(self, signals, state):
        weights, state = super().weights(signals, state)
        return (weights * 2.0, state) if self.fault == "another sum" else (weights, state)

    def objective(self, signals, state):
        return ops.sum(signals.losses) ** 2 if self.fault == "another objective" else None

    def get_config(self):
        config = {**super().get_config(), "fault": self.fault}
        if self.fault == "config not plain":
            config["normalize"] = np.zeros(1)
        return config


@keras.saving.register_keras_serializable("contract_test")
class BrokenReader(Broken):
    """The same, of a balancer that reads gradients."""

    needs = Needs.GRAMIAN


FAULTS = {
    "weighs absent terms": "absent term must get exactly 0",
    "moves the state of absent terms": "of an absent term must not move",
    "changes itself": "same signals and state",
    "another shape": "raw weights must have shape",
    "another state": "form of `init`",
    "divides by the loss": "stay finite",
    "divides by the last loss": "stay finite",
    "counts absent terms": "as if alone",
    "another sum": "exactly 1|sum to K",
    "another objective": "derivative of `objective`",
    "config not plain": "plain data",
}


def test_the_contract_passes_a_sound_object_that_nobody_registered():
    check_balancer(Broken())


@pytest.mark.parametrize("fault", FAULTS)
def test_the_contract_sees(fault):
    with pytest.raises(AssertionError, match=FAULTS[fault]):
        check_balancer(Broken(fault), num_terms=(1, 2, 3))


def test_the_contract_sees_an_absolute_threshold():
    with pytest.raises(AssertionError, match="must get the same weights"):
        check_balancer(BrokenReader("absolute threshold"), num_terms=(2, 3))


def test_the_contract_sees_a_compiled_form_that_differs():
    def wrong(function):
        return lambda arrays, state: (ops.flip(function(arrays, state)[0]), state)

    with pytest.raises(AssertionError, match="compiled weights"):
        check_balancer(Fixed([3.0, 1.0]), compile=wrong, num_terms=[2])


def test_a_false_claim_is_found():
    with pytest.raises(AssertionError, match="claims 'non_conflicting'"):
        check_balancer(PCGrad(), compile=compiled, properties=["non_conflicting"], num_terms=(2, 3))


def test_a_claim_left_out_is_found(monkeypatch):
    entry = registry.entry_of(Fixed)
    short = registry.Entry(entry.name, entry.cls, entry.family, "", ("non_negative",), entry.cases)
    monkeypatch.setitem(registry._ENTRIES, ("balancer", "fixed"), short)
    with pytest.raises(AssertionError, match="does not claim"):
        check_balancer(Fixed(), compile=compiled, num_terms=(2, 3))


def test_a_property_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="Unknown property"):
        find_counterexample(Fixed(), "fast")


def test_a_size_that_no_member_takes_is_refused():
    with pytest.raises(ValueError, match="num_terms"):
        check_balancer(Fixed([1.0, 2.0]), num_terms=[3])


def test_a_balancer_gets_no_more_than_it_declares():
    class Reader(Broken):
        def raw_weights(self, signals, state):
            assert signals.gramian is None
            assert signals.norms is None
            return raw(signals, 1.0), state

    Run(Reader())(make_inputs(Reader(), np.eye(2)))


@pytest.mark.parametrize("num_terms", [1, 2, 5])
def test_histories_of_losses_are_what_they_say(num_terms):
    samples = {sample.name: sample.history for sample in sample_losses(num_terms, steps=6)}
    for history in samples.values():
        assert history.shape == (6, num_terms)
        assert history.min() > 0
    assert np.ptp(samples["steady"], axis=0).max() == 0
    assert np.diff(samples["falling"], axis=0).max() < 0
    assert samples["parting"][-1, 0] > samples["parting"][0, 0]
    assert num_terms == 1 or samples["parting"][-1, 1] < samples["parting"][0, 1]
    assert num_terms == 1 or samples["levels"][-1].max() > 1e3 * samples["levels"][-1].min()


def test_the_last_step_of_a_course_is_the_inputs_themselves():
    inputs = make_inputs(PCGrad(), np.eye(3))
    last, first = inputs.at(3, 4), inputs.at(0, 4)
    np.testing.assert_array_equal(last.losses, inputs.losses)
    np.testing.assert_array_equal(last.noise, inputs.noise)
    assert (last.step, first.step) == (3, 0)
    factors = first.losses / inputs.losses
    np.testing.assert_allclose(np.diagonal(first.gramian), factors**2)
    assert np.abs(factors - 1).min() > 1e-3


@pytest.mark.parametrize("num_terms", [2, 3, 7])
def test_stationary_samples_are_what_they_say(num_terms):
    for seed in range(3):
        for sample in sample_gradients(num_terms, seed):
            rows = sample.jacobian
            assert rows.shape[0] == num_terms
            values, vectors = np.linalg.eigh(rows @ rows.T)
            null = vectors[:, 0] * np.sign(vectors[:, 0].sum())
            if sample.name == "strongly_stationary":
                assert sample.stationary
                assert null.min() > 0
                assert abs(values[0]) < 1e-12 * values[-1]
            else:
                assert not sample.stationary


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PCGrad(order="sorted"), "order"),
        (lambda: MGDA(heads="none"), "heads"),
        (lambda: UPGrad(normalize="sum"), "normalize"),
        (lambda: Fixed([1.0, 0.0]), "positive"),
        (lambda: Fixed(math.nan), "positive"),
        (lambda: Fixed([]), "positive"),
        (lambda: Uncertainty(kind=["regression", "other"]), "kind"),
    ],
)
def test_wrong_arguments_are_refused_with_what_was_received(make, message):
    with pytest.raises(ValueError, match=rf"{message}.*Received"):
        make()

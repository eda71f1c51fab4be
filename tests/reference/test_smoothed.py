"""Smoothing any balancer's weights against the running mean in NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from loss_histories import Follow, random_history

from multiloss import Balancer, Needs, Signals
from multiloss.aggregation import MGDA, PCGrad
from multiloss.weighting import FAMO, Fixed, LogSum, Smoothed, Uncertainty


@pytest.mark.parametrize("inner", [LogSum(), Uncertainty(learning_rate=0.5, normalize="none")])
@pytest.mark.parametrize("decay", [0.0, 0.8])
def test_sixty_steps_are_the_debiased_mean_with_terms_absent(inner, decay):
    losses, present = random_history(11, steps=60, num_terms=3)
    follow, bare = Follow(Smoothed(inner, decay, normalize="none"), 3), Follow(inner, 3)
    seen = [[], [], []]
    for now, here in zip(losses, present, strict=True):
        new = bare(now, here)
        for term in np.flatnonzero(here):
            seen[term].append(new[term])
        expected = np.zeros(3)
        for term in np.flatnonzero(here):
            # From the definition: an average of all weights so far, each weighing `decay` times the next.
            shares = decay ** np.arange(len(seen[term]))[::-1]
            expected[term] = np.sum(shares * seen[term]) / np.sum(shares)
        np.testing.assert_allclose(follow(now, here), expected, rtol=1e-4)


def test_the_inner_state_is_that_of_the_bare_balancer():
    losses, present = random_history(12, steps=20, num_terms=3)
    follow, bare = Follow(Smoothed("uncertainty"), 3), Follow(Uncertainty(), 3)
    for now, here in zip(losses, present, strict=True):
        follow(now, here)
        bare(now, here)
    np.testing.assert_array_equal(follow.remembered()["inner/log_variance"], bare.remembered()["log_variance"])


def test_a_gradient_balancer_is_smoothed_too():
    balancer = Smoothed(MGDA(heads="weighted"), 0.5)
    assert balancer.needs is Needs.GRAMIAN
    assert balancer.unwrapped is balancer.balancer
    assert balancer.unwrapped.heads == "weighted"
    state, found = balancer.init(2), []
    # For orthogonal gradients MGDA's weights are the inverse squared lengths.
    for squares in ([1.0, 1.0], [3.0, 1.0]):
        gramian, present = np.diag(squares).astype("float32"), np.array([True, True])
        signals = Signals(losses=np.ones(2, "float32"), present=present, gramian=ops.convert_to_tensor(gramian))
        weights, state = balancer.weights(signals, state)
        found.append(ops.convert_to_numpy(weights))
    np.testing.assert_allclose(found[0], [1.0, 1.0], atol=1e-4)
    np.testing.assert_allclose(found[1], [(0.25 * 1 + 0.5 * 0.5) / 0.75, (0.25 * 1 + 0.5 * 1.5) / 0.75], atol=1e-3)


def test_a_gradient_that_vanishes_counts_as_absent():
    balancer = Smoothed("mgda")
    gramian = ops.convert_to_tensor(np.diag([1.0, 0.0]).astype("float32"))
    signals = Signals(losses=np.ones(2, "float32"), present=np.array([True, True]), gramian=gramian)
    weights, state = balancer.weights(signals, balancer.init(2))
    np.testing.assert_array_equal(ops.convert_to_numpy(weights), [1.0, 0.0])
    assert float(state["weight"][1]) == 0.0


def test_it_asks_for_what_the_inner_one_asks_for():
    assert Smoothed(PCGrad()).noise_shape(3) == (3, 3)
    assert Smoothed("uncertainty").noise_shape(3) is None
    assert Smoothed(Smoothed(PCGrad())).unwrapped.order == "random"
    assert Smoothed("log_sum").monitors(2) == ()
    with pytest.raises(ValueError, match="3 balanced terms"):
        Smoothed(Fixed([1.0, 2.0])).init(3)


def test_the_second_look_goes_to_the_inner_one():
    follow, bare = Follow(Smoothed(FAMO()), 2), Follow(FAMO(), 2)
    assert follow.balancer.reads_after_update
    for losses in ([1.0, 2.0], [0.9, 1.0], [0.8, 0.9]):
        for each in (follow, bare):
            each(losses)
            each.after_update(np.array(losses) * [0.9, 0.5], None)
    inner = {name: value for name, value in follow.remembered().items() if name.startswith("inner/")}
    assert set(inner) == {f"inner/{name}" for name in bare.state}
    for name, value in bare.remembered().items():
        np.testing.assert_array_equal(inner[f"inner/{name}"], value)


@keras.saving.register_keras_serializable("smoothed_test")
class Monitoring(Balancer):
    """Weighs by logs."""

    needs = Needs.LOSSES

    def monitors(self, num_terms):
        return tuple(f"val_{index}" for index in range(num_terms))

    def raw_weights(self, signals, state):
        return signals.monitored, state


def test_logs_are_monitored_for_the_inner_one():
    balancer = Smoothed(Monitoring(normalize="none"), normalize="none")
    assert balancer.monitors(2) == ("val_0", "val_1")
    np.testing.assert_allclose(Follow(balancer, 2)([1.0, 1.0], monitored=[0.25, 0.75]), [0.25, 0.75], rtol=1e-6)


def test_the_inner_one_is_saved_inside():
    config = keras.saving.serialize_keras_object(Smoothed(PCGrad(order="fixed"), 0.7))
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again.balancer, PCGrad)
    assert again.balancer.order == "fixed"
    assert again.decay == 0.7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"balancer": "log_sums"}, "Did you mean 'log_sum'"),
        ({"balancer": 3}, "Received: 3"),
        ({"balancer": LogSum}, "not a class"),
        ({"decay": 1.0}, "`decay`.*Received"),
        ({"decay": "long"}, "`decay`.*Received"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Smoothed(**arguments)

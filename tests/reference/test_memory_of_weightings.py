"""What all balancers with a memory of losses must survive: hard histories, long absence, float64, a broken-off run."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from loss_histories import Follow, random_history

from backend import double_precision
from multiloss import Signals
from multiloss.weighting import FAMO, CoV, DynamicTaskPriority, DynamicWeightAverage, ReLoBRaLo, SoftAdapt

MAKERS = {
    "dwa": lambda k: DynamicWeightAverage(),
    "dwa_window": lambda k: DynamicWeightAverage(window=2),
    "softadapt": lambda k: SoftAdapt(window=3, degree=2),
    "softadapt_loss_weighted": lambda k: SoftAdapt("loss_weighted", window=2),
    "softadapt_normalized": lambda k: SoftAdapt("normalized", every=2, window=2),
    "relobralo": lambda k: ReLoBRaLo(alpha=0.5, rho=0.5),
    "cov": lambda k: CoV(),
    "cov_decay": lambda k: CoV(decay=0.5),
    "dynamic_task_priority": lambda k: DynamicTaskPriority([f"val_{index}" for index in range(k)]),
    "famo": lambda k: FAMO(),
    "famo_next_batch": lambda k: FAMO(look="next_batch"),
}


def read_beside_losses(balancer, num_terms, step):
    """Epoch, noise and logs of a step."""
    read = {"epoch": step // 4}
    if balancer.noise_shape(num_terms) is not None:
        read["noise"] = np.random.default_rng(step).random()
    if logs := balancer.monitors(num_terms):
        read["monitored"] = np.random.default_rng(step // 4).random(len(logs))
    return read


def run(make, losses, present, follow=None, start=0):
    """The weights of some steps, and what carries on."""
    terms = losses.shape[1]
    follow = follow or Follow(make(terms), terms)
    weights = []
    for step in range(start, len(losses)):
        read = read_beside_losses(follow.balancer, terms, step)
        weights.append(follow(losses[step], present[step], **read))
        # The terms improve unequally: Adam would make a full step of the rounding error of equal improvements.
        follow.after_update(losses[step] * (0.7 + 0.1 * (np.arange(terms) % 5)), present[step])
    return np.array(weights), follow


HISTORIES = {
    "zero": lambda rng, k: np.zeros((16, k)),
    "zero and not": lambda rng, k: rng.uniform(size=(16, k)) * (rng.random((16, k)) < 0.5),
    "negative": lambda rng, k: -rng.uniform(0.1, 1.0, size=(16, k)),
    "both signs": lambda rng, k: rng.normal(size=(16, k)),
    "constant": lambda rng, k: np.broadcast_to(rng.uniform(size=k), (16, k)),
    "huge and tiny in turn": lambda rng, k: 10.0 ** rng.choice([-37.0, 0.0, 37.0], size=(16, k)),
}


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("name", MAKERS)
def test_weights_and_state_stay_finite(name, history):
    for terms in (1, 2, 20):
        rng = np.random.default_rng(terms)
        losses, present = HISTORIES[history](rng, terms), rng.random((16, terms)) < 0.8
        weights, follow = run(MAKERS[name], losses, present)
        assert np.isfinite(weights).all()
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(axis=1), present.sum(axis=1), rtol=1e-4)
        assert all(np.isfinite(value).all() for value in follow.remembered().values())


# Dynamic task priority has one log for each term: its own test has the absent ones.
@pytest.mark.parametrize("name", [name for name in MAKERS if name != "dynamic_task_priority"])
def test_a_term_that_is_never_there_changes_nothing(name):
    losses, present = random_history(0, steps=24, num_terms=3)
    wide = np.concatenate([losses, np.full((24, 1), 7.0)], axis=1)
    alone, _ = run(MAKERS[name], losses, present)
    beside, _ = run(MAKERS[name], wide, np.concatenate([present, np.zeros((24, 1), bool)], axis=1))
    np.testing.assert_allclose(beside[:, :3], alone, rtol=1e-4, atol=1e-6)
    assert not beside[:, 3].any()


@pytest.mark.parametrize("name", MAKERS)
def test_a_run_that_is_taken_up_again_goes_on_exactly(name):
    losses, present = random_history(1, steps=24, num_terms=3)
    whole, _ = run(MAKERS[name], losses, present)
    _, first = run(MAKERS[name], losses[:10], present[:10])
    again = Follow(MAKERS[name](3), 3)
    again.state, again.steps = first.remembered(), first.steps
    rest, _ = run(MAKERS[name], losses, present, again, start=10)
    np.testing.assert_array_equal(rest, whole[10:])


@pytest.mark.parametrize("name", MAKERS)
def test_float64_losses_give_float64_weights(name):
    balancer = MAKERS[name](2)
    with double_precision():
        tensors = {key: ops.convert_to_tensor(np.asarray(value)) for key, value in balancer.init(2).items()}
        read = {key: ops.convert_to_tensor(value) for key, value in read_beside_losses(balancer, 2, 0).items()}
        signals = Signals(ops.convert_to_tensor(np.array([1.0, 2.0])), ops.convert_to_tensor(np.ones(2, bool)), **read)
        for _ in range(3):
            weights, tensors = balancer.weights(signals, tensors)
            tensors = balancer.after_update(signals, tensors)
        assert str(ops.convert_to_numpy(weights).dtype) == "float64"
        kept = {key: str(ops.convert_to_numpy(value).dtype) for key, value in tensors.items()}
    assert kept == {key: str(value.dtype) for key, value in balancer.init(2).items()}

"""What all balancers that read gradients and remember must survive: hard histories, absence, units, a break."""

from __future__ import annotations

import numpy as np
import pytest
from gradient_histories import random_norms, random_rows
from keras import ops
from loss_histories import Follow, random_history

from backend import double_precision
from multiloss import Needs, Signals
from multiloss.aggregation import DBMTL, EncodecBalancer, GradNorm, GradVac, LearningRateAnnealing

MAKERS = {
    "gradnorm": lambda: GradNorm(learning_rate=0.1),
    "encodec": lambda: EncodecBalancer(decay=0.9),
    "lr_annealing": lambda: LearningRateAnnealing(),
    "db_mtl": lambda: DBMTL(),
    "gradvac": lambda: GradVac(decay=0.5),
}
TERM_SCALE_INVARIANT = ("encodec", "db_mtl")


def read_at(balancer, rows, step):
    """What the balancer reads of the gradients in a step, and its noise."""
    terms = len(rows)
    noise = {} if balancer.noise_shape(terms) is None else {"noise": np.random.default_rng(step).random((terms, terms))}
    if balancer.needs is Needs.GRAMIAN:
        return {"gramian": rows @ rows.T, **noise}
    return {"norms": np.sqrt(np.sum(rows**2, axis=1)), **noise}


def run(make, losses, present, rows, follow=None, start=0):
    """The weights of some steps, and what carries on."""
    follow = follow or Follow(make(), losses.shape[1])
    weights = [
        follow(losses[step], present[step], **read_at(follow.balancer, rows[step], step))
        for step in range(start, len(losses))
    ]
    return np.array(weights), follow


def history(seed, steps, num_terms):
    losses, present = random_history(seed, steps, num_terms)
    return losses, present, random_rows(seed, steps, num_terms) * random_norms(seed, steps, num_terms)[:, :, None]


GRADIENTS = {
    "zero": lambda rng, steps, k: np.zeros((steps, k)),
    "zero and not": lambda rng, steps, k: (rng.random((steps, k)) < 0.5) * 1.0,
    "constant": lambda rng, steps, k: np.broadcast_to(rng.uniform(0.1, 1.0, size=k), (steps, k)),
    "huge and tiny in turn": lambda rng, steps, k: 10.0 ** rng.choice([-18.0, 0.0, 18.0], size=(steps, k)),
}
LOSSES = {
    "zero": lambda rng, steps, k: np.zeros((steps, k)),
    "both signs": lambda rng, steps, k: rng.normal(size=(steps, k)),
    "huge and tiny in turn": lambda rng, steps, k: 10.0 ** rng.choice([-37.0, 0.0, 37.0], size=(steps, k)),
}


@pytest.mark.parametrize("gradients", GRADIENTS)
@pytest.mark.parametrize("name", MAKERS)
def test_weights_and_state_stay_finite(name, gradients):
    for (what, make_losses), terms in zip(LOSSES.items(), (1, 2, 20), strict=True):
        rng = np.random.default_rng(terms)
        losses, present = make_losses(rng, 10, terms), rng.random((10, terms)) < 0.8
        rows = GRADIENTS[gradients](rng, 10, terms)[:, :, None] * rng.normal(size=(10, terms, 3))
        weights, follow = run(MAKERS[name], losses, present, rows)
        assert np.isfinite(weights).all(), what
        assert (weights >= 0).all(), what
        assert all(np.isfinite(value).all() for value in follow.remembered().values()), what
        squares = np.where(present[:, :, None], rows, 0.0)
        lengths = np.sqrt(np.sum(squares**2, axis=2))
        active = lengths > 1e-10 * lengths.max(axis=1, keepdims=True)
        np.testing.assert_allclose(weights.sum(axis=1), active.sum(axis=1), rtol=1e-4, err_msg=what)


@pytest.mark.parametrize("name", MAKERS)
def test_a_term_that_is_never_there_or_has_no_gradient_changes_nothing(name):
    losses, present, rows = history(0, 16, 3)
    # Noise is drawn for each row: two more rows would be other noise.
    make = (lambda: GradVac("fixed", decay=0.5)) if name == "gradvac" else MAKERS[name]
    wide = np.concatenate([losses, np.full((16, 2), 7.0)], axis=1)
    here = np.concatenate([present, np.tile([False, True], (16, 1))], axis=1)
    longer = np.concatenate([rows, np.ones((16, 1, rows.shape[2])), np.zeros((16, 1, rows.shape[2]))], axis=1)
    alone, _ = run(make, losses, present, rows)
    beside, _ = run(make, wide, here, longer)
    np.testing.assert_allclose(beside[:, :3], alone, rtol=1e-4, atol=1e-6)
    assert not beside[:, 3:].any()


@pytest.mark.parametrize("name", MAKERS)
def test_the_units_of_the_losses_do_not_matter(name):
    losses, present, rows = history(1, 16, 3)
    one, _ = run(MAKERS[name], losses, present, rows)
    for factor in (2.0**-20, 1e-6, 1e6):
        other, _ = run(MAKERS[name], losses * factor, present, rows * factor)
        np.testing.assert_allclose(other, one, rtol=1e-3)
    if name in TERM_SCALE_INVARIANT:
        factors = np.array([1.0, 1e-4, 30.0])
        scaled, _ = run(MAKERS[name], losses * factors, present, rows * factors[:, None])
        shares = scaled * factors / np.clip(np.sum(scaled * factors, axis=1, keepdims=True), 1e-30, None)
        np.testing.assert_allclose(shares, one / np.clip(one.sum(axis=1, keepdims=True), 1e-30, None), rtol=1e-3)


@pytest.mark.parametrize("name", MAKERS)
def test_a_run_that_is_taken_up_again_goes_on_exactly(name):
    losses, present, rows = history(2, 16, 3)
    whole, _ = run(MAKERS[name], losses, present, rows)
    _, first = run(MAKERS[name], losses[:7], present[:7], rows[:7])
    again = Follow(MAKERS[name](), 3)
    again.state, again.steps = first.remembered(), first.steps
    rest, _ = run(MAKERS[name], losses, present, rows, again, start=7)
    np.testing.assert_array_equal(rest, whole[7:])


@pytest.mark.parametrize("name", MAKERS)
def test_float64_gradients_give_float64_weights(name):
    balancer, (losses, _, rows) = MAKERS[name](), history(3, 3, 2)
    with double_precision():
        state = {key: ops.convert_to_tensor(np.asarray(value)) for key, value in balancer.init(2).items()}
        for step in range(3):
            read = {key: ops.convert_to_tensor(value) for key, value in read_at(balancer, rows[step], step).items()}
            here = ops.convert_to_tensor(np.ones(2, bool))
            weights, state = balancer.weights(Signals(ops.convert_to_tensor(losses[step]), here, **read), state)
        assert str(ops.convert_to_numpy(weights).dtype) == "float64"
        kept = {key: str(ops.convert_to_numpy(value).dtype) for key, value in state.items()}
    assert kept == {key: str(value.dtype) for key, value in balancer.init(2).items()}

"""The logged weights are the true derivative of what a step minimises by each loss."""

import keras
import numpy as np
import pytest
from models import data, joint_losses, member_of_three_terms, two_heads, weights_of

import multiloss as ml
from multiloss._core.aggregator import Aggregator
from multiloss._core.registry import members

RATE = 0.01


MEMBERS = {entry.name: member_of_three_terms(entry.name) for entry in members("balancer")}
MEMBERS = {name: member for name, member in MEMBERS.items() if member.needs is ml.Needs.LOSSES}
# Compiling takes seconds for each member, but on PyTorch.
CHOSEN = list(MEMBERS) if keras.backend.backend() == "torch" else ["famo", "uncertainty"]


def _trainer(balancer):
    loss = {**joint_losses(), "value": ml.Term("mse", scale=3.0)}
    weights = {"value": 0.7, "label": ml.schedules.Linear(2.0, 1.0, steps=10)}
    return ml.compile(two_heads(), keras.optimizers.SGD(RATE), loss=loss, loss_weights=weights, balancer=balancer)


def _step(trainer, x, y):
    """The parameters' change over the learning rate, and the logs."""
    before = weights_of(trainer.model)
    logs = trainer.train_on_batch(x, y, return_dict=True)
    change = [(a - b).ravel() / RATE for a, b in zip(before, weights_of(trainer.model), strict=True)]
    return np.concatenate(change), logs


@pytest.fixture(scope="module")
def gradients():
    """Each term's own gradient at the start, by a trainer that switches the others off."""
    x, y = data()
    trainer = ml.compile(two_heads(), keras.optimizers.SGD(RATE), loss=joint_losses())
    start = weights_of(trainer.model)
    rows = {}
    for name in trainer.terms:
        for other in trainer.terms:
            trainer.terms[other].weight.assign(float(other == name))
        trainer.model.set_weights(start)
        rows[name], _ = _step(trainer, x, y)
    return rows


@pytest.mark.parametrize("name", CHOSEN)
def test_the_step_is_the_sum_of_logged_weights_times_gradients(name, gradients):
    x, y = data()
    trainer = _trainer(MEMBERS[name])
    start = weights_of(trainer.model)
    for _ in range(3):
        trainer.model.set_weights(start)
        change, logs = _step(trainer, x, y)
        expected = sum(logs[f"{term}_weight"] * row for term, row in gradients.items())
        np.testing.assert_allclose(change, expected, rtol=2e-3, atol=2e-4)
        assert logs["loss"] == pytest.approx(
            sum(logs[f"{term}_weight"] * logs[f"{term}_loss"] for term in gradients), rel=1e-5, abs=1e-6
        )


@keras.saving.register_keras_serializable("tests")
class EqualLengths(Aggregator):
    """Reads norms alone: every weighted gradient gets the same length."""

    needs = ml.Needs.NORMS

    def raw_weights(self, signals, state):
        assert signals.gramian is None
        return 1.0 / signals.norms, state


def test_a_balancer_that_reads_norms_gets_those_of_the_shared_variables(gradients):
    x, y = data()
    trainer = ml.compile(
        two_heads(),
        keras.optimizers.SGD(RATE),
        loss=joint_losses(),
        loss_weights={"value": 5.0},
        balancer=EqualLengths(),
    )
    _, logs = _step(trainer, x, y)
    # The agreement reads both heads: every variable is reached by two terms.
    lengths = [logs[f"{name}_weight"] * np.linalg.norm(row) for name, row in gradients.items()]
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-3)

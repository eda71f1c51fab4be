"""The memory of balancing, counted."""

import pytest

import multiloss as ml
from multiloss.experiments.runs._balancing_bytes import balancing_bytes


def bytes_of(problem, balancer):
    trainer = ml.compile(problem.new_model(0), "sgd", loss=problem.new_loss(), balancer=balancer)
    trainer.fit(*problem.train, epochs=1, verbose=0)
    return balancing_bytes(trainer)


@pytest.mark.parametrize(("balancer", "size"), [(None, 0), ("fixed", 0)])
def test_fixed_weights_hold_nothing(make_problem, balancer, size):
    assert bytes_of(make_problem(), balancer) == size


def test_learned_weights_hold_a_number_for_each_term(make_problem):
    assert bytes_of(make_problem(), "uncertainty") % (2 * 4) == 0
    assert 8 <= bytes_of(make_problem(), "uncertainty") <= 64


def test_gradients_hold_a_row_for_each_term(make_problem):
    """Two rows of either the 30 shared weights (4 x 6 and 6 biases), or of the layer's outputs for a batch of 32."""
    found = bytes_of(make_problem(), "mgda")
    assert found in (2 * 30 * 4, 2 * 32 * 6 * 4, 2 * 16 * 6 * 4)

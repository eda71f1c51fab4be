"""JAX: how many operations the weights of a step compile to; each is traced, lowered and optimised in the first step.

Counted in the program that JAX hands to XLA, bodies of loops once: a loop that became unrolled shows here, and a solver
that would be slow to compile.
"""

import re

import keras
import numpy as np
import pytest

from multiloss._core.balancer import Signals
from multiloss._core.registry import members
from multiloss.testing._inputs import make_inputs
from multiloss.testing._runs import accepted_sizes

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="elsewhere there is no such program")
# Where more than `MOST` are known, about a tenth above what is counted: up to 8 terms, and beyond.
MOST = 170
KNOWN = {
    "aligned_mtl": (220, 220),
    "cagrad": (375, 530),
    "config": (225, 225),
    "dual_proj": (285, 345),
    "fairgrad": (235, 235),
    "gradvac": (270, 270),
    "imtl_g": (195, 195),
    "mgda": (280, 340),
    "nash_mtl": (235, 235),
    "pcgrad": (200, 200),
    "primary_first": (475, 490),
    "relobralo": (190, 190),
    "upgrad": (260, 325),
}


def _operations(balancer, terms):
    import jax

    inputs = make_inputs(balancer, np.random.default_rng(terms).normal(size=(terms, 30)))
    arrays = inputs.arrays(balancer.needs)
    state = {key: keras.ops.convert_to_tensor(value) for key, value in balancer.init(terms).items()}
    program = jax.jit(lambda arrays, state: balancer.weights(Signals(**arrays), state)).lower(arrays, state).as_text()
    return len(re.findall(r"= \"?stablehlo\.", program))


@pytest.mark.parametrize("entry", members("balancer"), ids=lambda entry: entry.name)
def test_the_weights_compile_to_few_operations(entry):
    balancer = entry.cls(**entry.cases[0])
    found = {terms: _operations(balancer, terms) for terms in accepted_sizes(balancer, [2, 8, 20])}
    few, many = KNOWN.get(entry.name, (MOST, MOST))
    assert all(count <= (few if terms <= 8 else many) for terms, count in found.items()), found
    assert found.get(2) == found.get(8, found.get(2))  # the number of terms is a size of arrays, and unrolls nothing

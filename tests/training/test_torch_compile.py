"""`jit_compile=True` on PyTorch: the traced step trains as the eager one does.

The graphs are run by PyTorch's own `aot_eager`: the default compiler takes minutes for C++ that is not ours to test.
"""

from functools import partial

import keras
import pytest
from models import data, largest_difference, losses, two_heads, weights_of

import multiloss as ml

pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "torch", reason="the other backends compile in every test"),
    # torch.compile warns of its own internals.
    pytest.mark.filterwarnings("default"),
]


def test_compiled_step_equals_the_eager_one(monkeypatch):
    import torch

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    x, y = data(16)
    results = []
    for compiled in (False, True):
        model = two_heads(norm=True)
        trainer = ml.compile(model, keras.optimizers.SGD(0.1), loss=losses(), jit_compile=compiled)
        for _ in range(2):
            trainer.train_on_batch(x, y)
        results.append(weights_of(model))
    assert largest_difference(*results) < 1e-5

"""PyTorch: how often a step waits for the device to tell a number, which a count says and no clock need show.

Keras's optimizer reads its learning rate, and a step whether it may be applied; a balancer that draws, Keras's seed.
"""

import keras
import numpy as np
import pytest

import multiloss as ml
from multiloss._core.registry import members

pytestmark = pytest.mark.skipif(keras.backend.backend() != "torch", reason="elsewhere a step is one program")

ROWS = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
TARGETS = {"value": ROWS[:, :1], "label": np.arange(12) % 3}
WEIGHTS = {"value": np.ones(12, "float32"), "label": np.ones(12, "float32")}


def _reads(balancer=None, scale=None, label="sparse_categorical_crossentropy", weights=None):
    """The host reads of a step, the second one."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Reads(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            self.count += function is torch.ops.aten._local_scalar_dense.default
            return function(*args, **(kwargs or {}))

    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(5, activation="tanh")(inputs)
    heads = {"value": keras.layers.Dense(1), "label": keras.layers.Dense(3, activation="softmax")}
    model = keras.Model(inputs, {name: head(hidden) for name, head in heads.items()})
    loss = {"value": ml.Term("mse", scale=scale, missing="nan"), "label": label}
    trainer = ml.compile(model, keras.optimizers.SGD(0.01), loss=loss, balancer=balancer)
    trainer.train_on_batch(ROWS, TARGETS, weights)
    data = (ROWS, TARGETS) if weights is None else (ROWS, TARGETS, weights)
    with Reads() as reads:
        trainer.train_step(keras.tree.map_structure(torch.as_tensor, data))
    return reads.count


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("label", ["sparse_categorical_crossentropy", ml.losses.CategoricalFocal()])
def test_terms(label, weights):
    assert _reads(label=label, weights=weights) <= 2


@pytest.mark.parametrize("scale", [e.cls(**e.cases[0]) for e in members("scale") if not e.cls.awaits_pass])
def test_scales(scale):
    assert _reads(scale=scale) <= 2


@pytest.mark.parametrize("balancer", [entry.cls(**entry.cases[0]) for entry in members("balancer")])
def test_balancers(balancer):
    assert _reads(balancer) <= 2 + (balancer.noise_shape(2) is not None)


def test_the_dry_run_is_without_numbers(monkeypatch):
    """What cannot be traced, Keras runs on numbers of a whole batch, on PyTorch."""
    import torch

    real, seen = torch.ones, []
    monkeypatch.setattr(
        torch, "ones", lambda *args, **kwargs: seen.append(kwargs.get("device")) or real(*args, **kwargs)
    )
    inputs = keras.Input((4,))
    heads = {"value": keras.layers.Dense(1), "label": keras.layers.Dense(3, activation="softmax")}
    model = keras.Model(inputs, {name: head(inputs) for name, head in heads.items()})
    loss = {"value": ml.Term("mse", missing="nan"), "label": "sparse_categorical_crossentropy"}
    trainer = ml.compile(model, "sgd", loss=loss, metrics={"label": ["accuracy"]})
    trainer._symbolic_build(data_batch=keras.tree.map_structure(torch.as_tensor, (ROWS, TARGETS, WEIGHTS)))
    assert seen
    assert {str(device) for device in seen if device is not None} == {"meta"}

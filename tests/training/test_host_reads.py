"""PyTorch: how often a step waits for the device, to ask or to send a number; a count says it, no clock need show it.

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


# What answers to the host, or looks at numbers to know a shape or whether it failed: all wait for a GPU.
WAITS = {
    *("_local_scalar_dense", "equal", "is_nonzero", "nonzero", "masked_select", "_unique2", "bincount"),
    *("_linalg_eigh", "_linalg_svd", "_linalg_solve_ex", "linalg_inv_ex", "linalg_lu_factor_ex", "linalg_cholesky_ex"),
}
# Constants of the host's that a step sends; each waits as well, as they do not lie in pinned memory.
SENDS = {"lift_fresh"}
# Keras's plain SGD sends as many.
LEAST_SENT = 2
# Where a member sends more, as `ops.clip` does with both of its bounds: what is counted.
SENT = {
    **dict.fromkeys(("aligned_mtl", "config", "dual_proj", "fixed", "pcgrad"), 3),
    **dict.fromkeys(("cov", "dynamic_weight_average", "log_sum", "softadapt", "uncertainty_softmax"), 4),
    **dict.fromkeys(("gradvac", "random_weighting"), 5),
    **dict.fromkeys(("encodec_balancer", "learning_rate_annealing", "relobralo", "smoothed"), 7),
    **dict.fromkeys(("db_mtl", "famo", "geometric_mean", "imtl_l", "uncertainty", "uncertainty_regularized"), 8),
    "dynamic_task_priority": 9,
    **dict.fromkeys(("gradnorm", "smooth_tchebycheff", "tchebycheff"), 12),
}


def _looks_at_mask(function, args):
    """Indexing by a mask counts its entries on the host."""
    import torch

    masks = args[1] if function in (torch.ops.aten.index.Tensor, torch.ops.aten.index_put_.default) else ()
    return any(mask is not None and mask.dtype == torch.bool for mask in masks)


def _step(balancer=None, scale=None, label="sparse_categorical_crossentropy", weights=None):
    """How often a step waits for the device, and how often it sends it a constant; the second step."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Crossings(TorchDispatchMode):
        waits, sends = 0, 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            name = function.overloadpacket.__name__
            self.waits += name in WAITS or _looks_at_mask(function, args)
            self.sends += name in SENDS
            return function(*args, **(kwargs or {}))

    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(5, activation="tanh")(inputs)
    heads = {"value": keras.layers.Dense(1), "label": keras.layers.Dense(3, activation="softmax")}
    model = keras.Model(inputs, {name: head(hidden) for name, head in heads.items()})
    loss = {"value": ml.Term("mse", scale=scale, missing="nan"), "label": label}
    trainer = ml.compile(model, keras.optimizers.SGD(0.01), loss=loss, balancer=balancer)
    trainer.train_on_batch(ROWS, TARGETS, weights)
    data = (ROWS, TARGETS) if weights is None else (ROWS, TARGETS, weights)
    data = keras.tree.map_structure(torch.as_tensor, data)
    with Crossings() as crossings:
        trainer.train_step(data)
    return crossings


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("label", ["sparse_categorical_crossentropy", ml.losses.CategoricalFocal()])
def test_terms(label, weights):
    crossings = _step(label=label, weights=weights)
    assert crossings.waits <= 2
    clips = 0 if isinstance(label, str) else 2  # of two bounds each
    assert crossings.sends <= LEAST_SENT + 2 * clips


@pytest.mark.parametrize("scale", [e.cls(**e.cases[0]) for e in members("scale") if not e.cls.awaits_pass])
def test_scales(scale):
    crossings = _step(scale=scale)
    assert crossings.waits <= 2
    assert crossings.sends <= (6 if scale.reads_targets else LEAST_SENT)


@pytest.mark.parametrize("entry", members("balancer"), ids=lambda entry: entry.name)
def test_balancers(entry):
    balancer = entry.cls(**entry.cases[0])
    crossings = _step(balancer)
    solves_on_host = entry.name in ("aligned_mtl", "config", "imtl_g")  # an eigenvalue problem tells whether it failed
    assert crossings.waits <= 2 + (balancer.noise_shape(2) is not None) + solves_on_host
    assert crossings.sends <= SENT.get(entry.name, LEAST_SENT)


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

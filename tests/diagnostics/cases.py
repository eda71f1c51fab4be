"""Small trainers and data, healthy or with one fault."""

from __future__ import annotations

import keras
import numpy as np

import multiloss as ml

SAMPLES, BATCH = 96, 16


def data(seed: int = 0):
    """Four inputs; a number of about 1, a class among three, and a yes or no, all of which depend on the inputs."""
    x = np.random.default_rng(seed).normal(size=(SAMPLES, 4)).astype("float32")
    return x, {
        "size": x[:, :1] - 0.5 * x[:, 3:],
        "kind": np.argmax(x[:, :3], axis=1).astype("int32")[:, None],
        "hit": (x[:, :1] * x[:, 1:2] > 0).astype("float32"),
    }


def heads(**outputs):
    """A model with a shared layer and these output layers on it; those left out are the healthy ones."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(16, activation="tanh", name="trunk")(inputs)
    layers = {
        "size": keras.layers.Dense(1, name="size"),
        "kind": keras.layers.Dense(3, activation="softmax", name="kind"),
        "hit": keras.layers.Dense(1, activation="sigmoid", name="hit"),
        **outputs,
    }
    return keras.Model(inputs, {name: layer(hidden) for name, layer in layers.items() if layer is not None})


LOSS = {"size": "mse", "kind": "sparse_categorical_crossentropy", "hit": "binary_crossentropy"}


def compiled(model, loss=None, **options):
    """A trainer that runs eagerly: compiling would take longer than the few batches."""
    return ml.compile(model, "adam", loss=LOSS if loss is None else loss, run_eagerly=True, **options)


def diagnose(model=None, loss=None, x=None, batches=6, loss_weights=None, balancer=None, **targets):
    """The diagnosis of the healthy problem with some changes."""
    inputs, known = data()
    trainer = compiled(model or heads(), {**LOSS, **(loss or {})}, loss_weights=loss_weights, balancer=balancer)
    x = inputs if x is None else x
    return ml.diagnose(trainer, (x, {**known, **targets}), batches=batches, batch_size=BATCH)


def found(diagnosis, *severities):
    """The names of the findings of some severities; of errors and warnings where none is named."""
    wanted = severities or ("error", "warning")
    return [finding.name for finding in diagnosis.findings if finding.severity in wanted]


def the(diagnosis, name):
    """The one finding of a name."""
    (finding,) = [finding for finding in diagnosis.findings if finding.name == name]
    return finding

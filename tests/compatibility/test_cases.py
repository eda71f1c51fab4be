"""A fair part of the cases trains the same in multiloss as in plain Keras; `make compatibility` judges all of them.

Some cases are judged always, the rest in part. Which part is fixed by the names: on each backend another one, of less
than a minute. `COMPATIBILITY=all` takes all cases, `COMPATIBILITY=3/20` those in the fourth of 20 parts.
"""

import os
import zlib

import keras
import pytest

from compatibility.case import DIFFERS, KERAS_FAILS, NOT_TRAINED, SAME, NotTrained
from compatibility.engine import verdict
from compatibility.run import stored
from compatibility.surface import every_case

BACKEND = keras.backend.backend()

PARTS = {"torch": "0/16", "jax": "1/80", "tensorflow": "2/80"}

ALWAYS = {
    "compile_arguments/loss: names",
    "data_forms/arrays, weights",
    "fit_modes/evaluate",
    "fit_modes/fit: uneven batches",
    "fit_modes/jit_compile",
    "fit_modes/predict",
    "fit_modes/run_eagerly",
    "fit_modes/steps_per_execution=2",
    "fit_modes/train_on_batch",
    "layers/LSTM: padding, a label each step",
    "layers/Layer: adds a loss",
    "optimizers/Adam",
}
if BACKEND == "tensorflow":  # where Keras looks at no batch beforehand
    ALWAYS |= {"data_forms/tf.data, shuffled", "data_forms/DataLoader, shuffled", "data_forms/PyDataset, 2 workers"}
if BACKEND == "jax":  # where it cannot be traced for any number of samples
    ALWAYS |= {"layers/MixUp"}
if BACKEND == "torch":  # where they are cheapest
    ALWAYS |= {
        "callbacks/Callback: reads the model's layers",
        "compile_arguments/weighted_metrics: beside the same metrics",
        "dtype_policies/DTypePolicy: mixed_float16",
        "layers/LSTM: dropout",
        "model_forms/Model: subclassed, one output",
    }


def _chosen():
    part = os.environ.get("COMPATIBILITY", PARTS[BACKEND])
    before = stored(BACKEND)
    for subject, name, case in every_case():
        if isinstance(case, NotTrained):
            continue
        title = f"{subject}/{name}"
        if part != "all":
            number, parts = map(int, part.split("/"))
            if before.get(subject, {}).get(name, {}).get("kind") == KERAS_FAILS:
                continue
            if case.slow or (title not in ALWAYS and zlib.crc32(title.encode()) % parts != number):
                continue
        yield pytest.param(subject, name, case, id=title)


def _kind(backend, subject, name):
    return stored(backend).get(subject, {}).get(name, {}).get("kind")


@pytest.mark.parametrize(("subject", "name", "case"), list(_chosen()))
def test_trains_as_keras(subject, name, case):
    """As the page says, or better: what was the same must not be refused, and nothing may differ."""
    before = _kind(BACKEND, subject, name)
    found = verdict(case)
    if found.kind == KERAS_FAILS:
        pytest.skip(found.why)
    assert found.kind != DIFFERS, found.why
    assert not (before == SAME and found.kind != SAME), found.why
    assert found.kind != NOT_TRAINED

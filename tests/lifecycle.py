"""What every use case goes through: training under the compiler, adding up, saving, loading and going on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from multiloss import MultiLossModel


def train_save_load_and_go_on(trainer: MultiLossModel, x: Any, y: Any, folder: Path) -> MultiLossModel:
    """Checks a whole life: in each epoch of one batch the terms add up to `loss`; the loaded trainer is the same.

    Returns:
        The loaded trainer.
    """
    size = len(keras.tree.flatten(x)[0])
    history = trainer.fit(x, y, batch_size=size, epochs=2, shuffle=False, verbose=0).history
    for epoch, total in enumerate(history["loss"]):
        parts = [history[f"{name}_weight"][epoch] * history[f"{name}_loss"][epoch] for name in trainer.terms]
        assert np.isfinite(total)
        assert total == pytest.approx(sum(parts), rel=1e-5, abs=1e-7)
    trainer.save(folder / "run.keras")
    loaded = keras.saving.load_model(folder / "run.keras")
    assert list(loaded.terms) == list(trainer.terms)
    tensors = keras.tree.map_structure(keras.ops.convert_to_tensor, x)
    for ours, theirs in zip(*(keras.tree.flatten(one(tensors)) for one in (trainer, loaded)), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(theirs), keras.ops.convert_to_numpy(ours))
    histories = [
        one.fit(x, y, batch_size=size, epochs=3, initial_epoch=2, shuffle=False, verbose=0).history
        for one in (trainer, loaded)
    ]
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[0].items():
        assert histories[1][name] == pytest.approx(values, rel=1e-6, abs=1e-9)
    return loaded

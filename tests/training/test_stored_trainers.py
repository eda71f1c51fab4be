"""A trainer of every version, written on one backend, loads on each and goes on by the formulas."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

import multiloss as ml

FOLDER = Path(__file__).with_name("fixtures")
_spec = importlib.util.spec_from_file_location("make_trainer", FOLDER / "make_trainer.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)
MORE = 2


@pytest.mark.parametrize("path", sorted(FOLDER.glob("trainer-*.keras")), ids=lambda path: path.stem)
def test_it_loads_and_goes_on(path):
    trainer = ml.load(path)
    losses, kernels = make.trained(make.STEPS + MORE)
    assert int(keras.ops.convert_to_numpy(trainer.state["step"])) == make.STEPS
    for step in range(MORE):
        logs = trainer.train_on_batch(*make.data(), return_dict=True)
        for name, values in losses.items():
            assert logs[f"{name}_loss"] == pytest.approx(values[make.STEPS + step], rel=1e-6)
    for name, kernel in kernels.items():
        np.testing.assert_allclose(trainer.get_layer(name).get_weights()[0], kernel, rtol=1e-5, atol=1e-6)


def test_there_is_one_of_this_version():
    assert (FOLDER / f"trainer-{ml.__version__}.keras").exists(), (
        "python tests/training/fixtures/make_trainer.py VERSION"
    )

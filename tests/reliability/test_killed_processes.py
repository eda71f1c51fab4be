"""Processes killed at random moments while they write: 50 in all, and not one file that was good is lost."""

import os
import time
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from injected import Counts
from killing import forked, kill
from stored_files import KINDS, comparison_of, predictions_of, run_of

import multiloss as ml
from multiloss._core.writing import PART
from multiloss.experiments.runs import Locks, RunStore
from multiloss.experiments.runs._train import Trained

pytestmark = [
    pytest.mark.one_backend,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="a warm process is forked"),
    pytest.mark.filterwarnings("ignore:.*fork:"),
]
SIZE = 60_000


def killed_again_and_again(folder, write, is_good, kind, times, longest):
    """Kills what writes version after version, and looks at what is left after each time."""
    counts, generator, hit = Counts("killed"), np.random.default_rng(len(kind)), 0
    write(1)

    def for_ever():
        version = 2
        while True:
            write(version)
            version += 1

    begin = time.perf_counter()
    write(1)
    longest = max(longest, 6 * (time.perf_counter() - begin))
    for _ in range(times):
        kill(forked(for_ever), generator.uniform(0.0, longest))
        hit += any(folder.rglob(f"{PART}*"))
        counts.add(kind, is_good())
    print(f"{hit} of {times} kills left a file that was not finished")
    # The next one who writes here clears away what they left.
    os.waitpid(forked(lambda: write(1)), 0)
    assert not list(folder.rglob(f"{PART}*"))
    counts.check()


@pytest.fixture(scope="module")
def trainer():
    x = keras.Input((3,))
    wide = keras.layers.Dense(SIZE // 4, name="wide")(x)
    model = keras.Model(x, {name: keras.layers.Dense(1, name=name)(wide) for name in ("a", "b")})
    return ml.compile(model, "sgd", loss={"a": "mse", "b": "mae"})


def fill(trainer, version):
    for variable in trainer.model.weights:
        variable.assign(np.full(variable.shape, version, "float32"))


def one_version(file):
    """Whether all kernels of the model in an HDF5 file were written by one save."""
    kernels = []

    def look(name, entry):
        if isinstance(entry, h5py.Dataset) and entry.ndim == 2 and "training_state" not in name:
            kernels.append(np.unique(entry[()]).tolist())

    file.visititems(look)
    return len(kernels) == 3 and len(kernels[0]) == 1 and kernels[0] == kernels[1] == kernels[2]


@pytest.mark.parametrize(("name", "times"), [("run.keras", 15), ("run.weights.h5", 10)])
def test_a_trainer_saved_over_a_good_file(name, times, trainer, tmp_path):
    path = tmp_path / name

    def write(version):
        fill(trainer, version)
        trainer.save(path) if name == "run.keras" else trainer.save_weights(path)

    def is_good():
        if name == "run.weights.h5":
            with h5py.File(path) as file:
                return one_version(file)
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return False
            with archive.open("model.weights.h5") as content, h5py.File(content) as file:
                return one_version(file)

    killed_again_and_again(tmp_path, write, is_good, f"trainer, {name}", times, 0.05)
    if name == "run.keras":
        assert isinstance(keras.saving.load_model(path), ml.MultiLossModel)
    else:
        trainer.load_weights(path)


def test_a_run_that_is_kept(tmp_path):
    store = RunStore(tmp_path)

    def is_good():
        (number,) = {int(value) for value in np.unique(store.predictions("a b", 3, "abc")["x/y"])}
        run = store.find("a b", 3, "abc")
        return number >= 1 and run == run_of(round(1.0 / run.metrics["mae"]))

    def write(version):
        store.keep(Trained(run_of(version), predictions_of(version)))

    killed_again_and_again(tmp_path, write, is_good, "run and predictions", 10, 0.05)


def test_results_that_are_saved(tmp_path):
    known = dict.fromkeys(range(1, 4), KINDS["results of compare"])
    truths = []
    for version in known:
        comparison_of(version).save(tmp_path / str(version))
        truths.append(KINDS["results of compare"].read(tmp_path / str(version)))

    def write(version):
        comparison_of(version % 3 + 1).save(tmp_path / "report")

    def is_good():
        tables = [path.read_text().endswith("\n") for path in (tmp_path / "report").glob("*.csv")]
        return all(tables) and KINDS["results of compare"].read(tmp_path / "report") in truths

    killed_again_and_again(tmp_path, write, is_good, "results of compare", 10, 0.05)


def test_a_killed_process_frees_its_lock(tmp_path):
    read, written = os.pipe()

    def hold():
        with Locks(tmp_path).claim("run") as mine:
            os.write(written, b"y" if mine else b"n")
            time.sleep(60)

    child = forked(hold)
    assert os.read(read, 1) == b"y"
    with Locks(tmp_path).claim("run") as mine:
        assert not mine
    with Locks(tmp_path).claim("another") as mine:
        assert mine
    kill(child, 0.0)
    with Locks(tmp_path).claim("run") as mine:
        assert mine


def test_every_kind_has_a_count():
    assert 15 + 10 + 10 + 10 + 5 == 50  # the last five are in test_damaged_databases.py
    assert Path(__file__).with_name("test_damaged_databases.py").is_file()

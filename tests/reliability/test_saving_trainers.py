"""`trainer.save` and `trainer.save_weights`: everything that Keras's do, and a good file is never destroyed."""

import builtins
import os
import resource
import stat
from pathlib import Path

import keras
import numpy as np
import pytest
from injected import Counts, FullDisk, content_of

import multiloss as ml
from multiloss._core.writing import PART
from multiloss.training.model import _saving

pytestmark = pytest.mark.one_backend


def made():
    x = keras.Input((3,))
    model = keras.Model(x, {name: keras.layers.Dense(2, name=name)(x) for name in ("a", "b")})
    trainer = ml.compile(model, "sgd", loss={"a": "mse", "b": "mae"}, balancer="uncertainty")
    trainer.fit(np.ones((4, 3)), {"a": np.ones((4, 2)), "b": np.ones((4, 2))}, verbose=0)
    return trainer


@pytest.fixture(scope="module")
def trainer():
    return made()


FORMS = {
    "run.keras": {},
    "run.weights.h5": {},
    "run.weights.json": {"max_shard_size": 1},
    "folder": {"zipped": False},
}


def save(trainer, path, **options):
    method = trainer.save_weights if ".weights." in str(path) else trainer.save
    method(path, **options)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [str, Path])
def test_the_forms_that_keras_writes(form, kind, trainer, tmp_path):
    """The files are those of Keras, by name and content, and they load."""
    ours, keras_own = tmp_path / "ours", tmp_path / "keras"
    ours.mkdir(), keras_own.mkdir()
    for _ in range(2):  # a new place, and over what is there
        save(trainer, kind(ours / form), **FORMS[form])
    plain = keras.Model.save_weights if ".weights." in form else keras.Model.save
    plain(trainer, str(keras_own / form), **FORMS[form])
    assert set(content_of(ours)) == set(content_of(keras_own))
    if ".weights." in form:
        fresh = made()
        fresh.load_weights(ours / form)
    else:
        fresh = keras.saving.load_model(ours / form)
    for one, other in zip(fresh.weights, trainer.weights, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other))


def test_other_files_of_a_folder_stay(trainer, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    trainer.save(tmp_path, zipped=False)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "model.weights.h5").is_file()


def test_keras_asks_before_it_writes_over(trainer, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(builtins, "input", lambda text: asked.append(text) or answer)
    for name in ("run.keras", "run.weights.h5"):
        save(trainer, tmp_path / name, overwrite=False)
        assert not asked
        (tmp_path / name).write_bytes(b"mine")
        answer = "n"
        save(trainer, tmp_path / name, overwrite=False)
        assert (tmp_path / name).read_bytes() == b"mine"
        answer = "y"
        save(trainer, tmp_path / name, overwrite=False)
        assert (tmp_path / name).stat().st_size > 1000
        assert [str(tmp_path / name) in text for text in asked] == [True, True]
        asked.clear()


@pytest.mark.parametrize(
    ("name", "options"), [("x.foo", {}), ("x.keras", {"zipped": False}), ("x.h5", {"max_shard_size": 1})]
)
def test_names_that_keras_refuses(name, options, trainer, tmp_path):
    """In Keras's words, with the path that was given."""
    method = "save_weights" if "max_shard_size" in options else "save"
    with pytest.raises(ValueError, match="Received") as theirs:
        getattr(keras.Model, method)(trainer, tmp_path / name, **options)
    with pytest.raises(ValueError, match="Received") as ours:
        getattr(trainer, method)(tmp_path / name, **options)
    assert str(ours.value) == str(theirs.value)
    assert not any(tmp_path.iterdir())


def test_rights_and_links(trainer, tmp_path):
    (tmp_path / "link.keras").symlink_to(tmp_path / "there.keras")
    trainer.save(tmp_path / "link.keras")
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "link.keras").is_symlink()
    assert stat.S_IMODE((tmp_path / "there.keras").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("name", ["none/run.keras", "none/run.weights.h5", "k" * 300 + ".keras", "file/run.keras"])
def test_places_that_take_no_file(name, trainer, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"none|kkk|file"):
        save(trainer, tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_takes_no_new_file(trainer, tmp_path, monkeypatch):
    trainer.save(tmp_path / "run.keras")
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(tmp_path))
    with pytest.warns(UserWarning, match=r"run\.keras is written over, and lost if that fails"):
        trainer.save(tmp_path / "run.keras")


@pytest.mark.parametrize("name", ["run.keras", "run.weights.h5", "run.weights.json"])
def test_a_disk_that_is_full_at_any_step(name, trainer, tmp_path):
    counts = Counts("disk full at step n")
    options = FORMS[name]
    with pytest.MonkeyPatch.context() as patch:
        disk = FullDisk(patch, None)
        save(trainer, tmp_path / name, **options)
    old = content_of(tmp_path)
    # Before the move; of shards the index goes first, so that old and new ones never meet.
    for number in range(disk.steps - 1 if name != "run.weights.json" else 3):
        with pytest.MonkeyPatch.context() as patch:
            FullDisk(patch, number)
            try:
                save(trainer, tmp_path / name, **options)
                told = number == disk.steps - 1
            except OSError as error:
                told = str(tmp_path / name) in str(error)
        counts.add(name, told and content_of(tmp_path) == old, f"step {number}")
    counts.check()


@pytest.mark.parametrize("name", ["run.keras", "run.weights.h5"])
def test_a_disk_that_is_full_after_any_byte(name, trainer, tmp_path):
    """The system itself refuses to let a file grow; HDF5 by itself would end the whole process."""
    counts = Counts("disk full after n bytes")
    save(trainer, tmp_path / name)
    old = content_of(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for size in np.linspace(0, len(old[name]) - 1, 25).astype(int):
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), limits[1]))
            save(trainer, tmp_path / name)
            told = False
        except OSError as error:
            told = str(tmp_path / name) in str(error)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        counts.add(name, told and content_of(tmp_path) == old, f"after {size} bytes")
    counts.check()


def test_what_is_too_large_for_memory_asks_for_room_first(trainer, tmp_path, monkeypatch):
    trainer.save_weights(tmp_path / "run.weights.h5")
    old = content_of(tmp_path)
    monkeypatch.setattr(_saving, "_IN_MEMORY", 0)
    trainer.save_weights(tmp_path / "other.weights.h5")
    usage = os.statvfs(tmp_path)
    monkeypatch.setattr(_saving.shutil, "disk_usage", lambda place: type("Usage", (), {"free": 10})())
    with pytest.raises(OSError, match=r"No space left on device: '.*run\.weights\.h5'"):
        trainer.save_weights(tmp_path / "run.weights.h5")
    assert content_of(tmp_path)["run.weights.h5"] == old["run.weights.h5"]
    assert usage


def test_checkpoints_of_keras_profit(trainer, tmp_path):
    """`ModelCheckpoint` and `BackupAndRestore` save through the trainer."""
    seen = []
    original = _saving.beside

    def noted(path):
        seen.append(path.name)
        return original(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_saving, "beside", noted)
        patch.setattr("multiloss._core.writing.beside", noted)
        data = np.ones((4, 3)), {"a": np.ones((4, 2)), "b": np.ones((4, 2))}
        callbacks = [
            keras.callbacks.ModelCheckpoint(tmp_path / "whole.keras"),
            keras.callbacks.ModelCheckpoint(tmp_path / "weights.weights.h5", save_weights_only=True),
            keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False),
        ]
        trainer.fit(*data, verbose=0, callbacks=callbacks)
    assert {"whole.keras", "weights.weights.h5", "latest.weights.h5"} <= set(seen)
    assert not list(tmp_path.rglob(f"{PART}*"))

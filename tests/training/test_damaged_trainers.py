"""A stored trainer that was cut off or changed is refused in one line, or gives the very numbers that were written."""

import keras
import numpy as np
import pytest
from models import joint_losses, largest_difference, two_heads

import multiloss as ml
from multiloss._core.damage import DamagedFileError

pytestmark = pytest.mark.one_backend
TRUNCATIONS, FLIPS = 20, 40


def _fresh():
    return ml.compile(two_heads(norm=True), "adam", loss=joint_losses(), balancer="uncertainty")


def _trainer():
    """One of which every value is known, and is not that of a fresh one."""
    trainer = _fresh()
    for number, variable in enumerate(_variables(trainer)):
        variable.assign(np.full(variable.shape, number % 7 + 1, variable.dtype))
    return trainer


def _variables(trainer):
    return [*trainer.variables, *trainer.optimizer.variables]


def _state(trainer):
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in _variables(trainer)]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The trainer, and its files by their endings."""
    folder, trainer = tmp_path_factory.mktemp("saved"), _trainer()
    paths = {"keras": folder / "run.keras", "weights.h5": folder / "run.weights.h5"}
    trainer.save(paths["keras"])
    trainer.save_weights(paths["weights.h5"])
    return trainer, {ending: path.read_bytes() for ending, path in paths.items()}


def _damaged(content):
    """The content, cut off and flipped at many places."""
    generator = np.random.default_rng(0)
    for place in sorted(generator.choice(len(content), TRUNCATIONS, replace=False)):
        yield f"cut at {place}", content[:place]
    for place in sorted(generator.choice(len(content), FLIPS, replace=False)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(generator.integers(8))
        yield f"flipped at {place}", bytes(flipped)


def _into(trainer):
    def load(path):
        trainer.load_weights(path)
        return trainer

    return load


@pytest.mark.parametrize("ending", ["keras", "weights.h5"])
def test_it_is_refused_in_one_line_or_harmless(ending, saved, tmp_path):
    trainer, files = saved
    load = ml.load if ending == "keras" else _into(_trainer())
    path = tmp_path / f"run.{ending}"
    refused = 0
    for what, content in _damaged(files[ending]):
        path.write_bytes(content)
        try:
            loaded = load(path)
        except DamagedFileError as error:
            refused += 1
            line = str(error)
        else:
            assert largest_difference(_state(trainer), _state(loaded)) == 0.0, what
            continue
        assert line.startswith(f"The file {str(path)!r} is damaged: "), what
        assert "\n" not in line, what
    assert refused >= TRUNCATIONS


def test_keras_itself_never_gives_other_numbers(saved, tmp_path):
    """Where the archive's checksum disagrees Keras reads on; the trainer's own does not let it."""
    trainer, files = saved
    path = tmp_path / "run.keras"
    for what, content in _damaged(files["keras"]):
        path.write_bytes(content)
        try:
            loaded = keras.saving.load_model(path)
        except Exception:  # in words of Keras's own
            continue
        assert largest_difference(_state(trainer), _state(loaded)) == 0.0, what


def test_a_changed_weight_is_refused(saved, tmp_path):
    """Each value is found in the file, and one bit of it changed; the trainer keeps what it had."""
    trainer, files = saved
    content = files["weights.h5"]
    other = _trainer()
    before = _state(other)
    path = tmp_path / "run.weights.h5"
    for array in _state(trainer)[:6]:
        place = content.index(array.tobytes())
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(DamagedFileError, match="does not agree with its checksum"):
            other.load_weights(path)
        assert largest_difference(before, _state(other)) == 0.0


def test_a_file_without_a_seal_is_taken_as_it_is(saved, tmp_path):
    """As earlier versions wrote it; one that says that it has a seal must have it."""
    h5py = pytest.importorskip("h5py")
    trainer, files = saved
    path = tmp_path / "run.weights.h5"
    path.write_bytes(files["weights.h5"])
    with h5py.File(path, "a") as file:
        del file["_zz_seal"]
    with pytest.raises(DamagedFileError, match="checksum"):
        _trainer().load_weights(path)
    with h5py.File(path, "a") as file:
        del file["vars/sealed"]
    other = _trainer()
    other.load_weights(path)
    assert largest_difference(_state(trainer), _state(other)) == 0.0


def test_a_damaged_backup_gives_way_to_the_one_before(tmp_path):
    """Keras takes the older backup where the newer one raises an `OSError`."""
    trainer = _fresh()
    x = np.zeros((8, 4), "float32")
    y = {"value": np.zeros((8, 2), "float32"), "label": np.zeros(8, "int32")}
    backup = keras.callbacks.BackupAndRestore(tmp_path, double_checkpoint=True, delete_checkpoint=False)
    trainer.fit(x, y, epochs=2, verbose=0, callbacks=[backup])
    newest = tmp_path / "latest.weights.h5"
    newest.write_bytes(newest.read_bytes()[:-100])
    epochs = []
    seen = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    _fresh().fit(x, y, epochs=3, verbose=0, callbacks=[backup, seen])
    assert epochs == [1, 2]


def test_what_is_no_trainer_is_said(tmp_path):
    two_heads().save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"must hold a trainer.*Functional.*keras.saving.load_model"):
        ml.load(tmp_path / "model.keras")
    with pytest.raises(FileNotFoundError, match=r"no file '.*missing\.keras'"):
        ml.load(tmp_path / "missing.keras")

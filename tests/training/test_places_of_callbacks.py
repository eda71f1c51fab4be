"""Callbacks that could not write are told before a training, not after its first epoch."""

import keras
import pytest
from models import data, losses, two_heads

import multiloss as ml

pytestmark = pytest.mark.one_backend


class _Begins(keras.callbacks.Callback):
    epochs = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs += 1


def _fit(*callbacks):
    """How many epochs were begun, and the trainer's error."""
    begins = _Begins()
    trainer = ml.compile(two_heads(), "sgd", loss=losses(), run_eagerly=True)
    x, y = data(16)
    try:
        trainer.fit(x, y, batch_size=8, verbose=0, callbacks=[begins, *callbacks])
    except (ValueError, OSError) as error:
        return begins.epochs, error
    return begins.epochs, None


@pytest.mark.parametrize(
    "name", ["file/best.keras", "file/{epoch}.keras", "file/{epoch}/{batch}.keras", "folder.keras"]
)
@pytest.mark.parametrize("weights_only", [False, True])
def test_a_checkpoint_in_a_place_that_takes_nothing(tmp_path, name, weights_only):
    (tmp_path / "file").write_text("mine")
    name = name.replace(".keras", ".weights.h5") if weights_only else name
    (tmp_path / name.replace("file/", "gone/")).mkdir(parents=True)
    epochs, error = _fit(keras.callbacks.ModelCheckpoint(tmp_path / name, save_weights_only=weights_only))
    assert epochs == 0
    assert isinstance(error, ValueError)
    assert "`filepath` of ModelCheckpoint must be a f" in str(error)
    assert str(tmp_path / name.partition("/{")[0]) in str(error)
    assert (tmp_path / "file").read_text() == "mine"


def test_without_permission():
    # Whoever runs this may be allowed everything; only the system refuses everybody here.
    epochs, error = _fit(keras.callbacks.ModelCheckpoint("/proc/none/best.keras"))
    assert epochs == 0
    assert "ModelCheckpoint must be a file that can be written. Received: '/proc/none/best.keras': " in str(error)


def test_a_backup_in_a_place_that_takes_nothing(tmp_path):
    (tmp_path / "file").write_text("mine")
    epochs, error = _fit(keras.callbacks.BackupAndRestore(tmp_path / "file"))
    assert epochs == 0
    assert "`backup_dir` of BackupAndRestore must be a folder. Received: " in str(error)


def test_a_table_of_the_logs_in_a_folder_that_is_not_there(tmp_path):
    """Keras opens it before the first step."""
    place = tmp_path / "missing" / "logs.csv"
    epochs, error = _fit(keras.callbacks.CSVLogger(place))
    assert epochs == 0
    assert str(place) in str(error)


def test_folders_that_are_made_and_files_that_are_there(tmp_path):
    (tmp_path / "old.keras").write_text("an older one")
    epochs, error = _fit(
        keras.callbacks.ModelCheckpoint(tmp_path / "new" / "best.keras"),
        keras.callbacks.ModelCheckpoint(tmp_path / "of-{epoch}" / "{epoch}.weights.h5", save_weights_only=True),
        keras.callbacks.ModelCheckpoint(tmp_path / "old.keras"),
        keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False),
    )
    assert (epochs, error) == (1, None)
    assert (tmp_path / "new" / "best.keras").stat().st_size > 100
    assert (tmp_path / "of-1" / "1.weights.h5").exists()
    assert (tmp_path / "old.keras").stat().st_size > 100
    assert (tmp_path / "backup").is_dir()

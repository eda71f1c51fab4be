"""A training with backups that is killed: `backup_child.py FOLDER BATCHES`; with 0 it goes on to its end."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import keras
import numpy as np
import resume_cases as cases


class _Kills(keras.callbacks.Callback):
    left = int(sys.argv[2])

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path) -> None:
    trainer = cases.CASES["balancer-gradnorm"]()
    backup = keras.callbacks.BackupAndRestore(folder / "backup", save_freq=2, delete_checkpoint=False)
    cases.train(trainer, callbacks=[backup, _Kills()])
    np.savez(folder / "end.npz", *cases.state_of(trainer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Trains configurations on PyTorch in one of the processes that torchrun starts: `torch_child.py FOLDER NAMES`.

Started by itself it trains on one device. What is left becomes `MODE-NAME-RANK.npz`, and an error `MODE-NAME-RANK.txt`.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
import torch.distributed as dist
from configurations import CONFIGURATIONS, OF_THE_WHOLE_BATCH, UNEVEN
from device_runs import result, train
from everything import everything
from torch_life import life

ALL = {**CONFIGURATIONS, **OF_THE_WHOLE_BATCH, **UNEVEN, "everything": everything}


def main(folder: Path, names: list[str]) -> None:
    """Trains each configuration."""
    torch.set_num_threads(1)
    rank, ranks, mode = 0, 1, "one"
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
        rank, ranks, mode = dist.get_rank(), dist.get_world_size(), "processes"
    for name in names:
        path = folder / f"{mode}-{name}-{rank}"
        try:
            if name == "life":
                np.savez(f"{path}.npz", **life(folder, rank, ranks))
                continue
            run = ALL[name]()
            np.savez(f"{path}.npz", **result(run, train(run, rank, ranks)))
        except Exception:
            Path(f"{path}.txt").write_text(traceback.format_exc())
            if ranks > 1:
                os._exit(1)  # the others would wait for this one
    if ranks > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","))

"""Three losses in several processes of PyTorch, one for each GPU, on one machine or on many.

One process: `python several_devices_torch.py`. All GPUs of a machine:
`torchrun --nproc_per_node=gpu several_devices_torch.py`. Many machines: docs/several_devices.md.
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch
import torch.distributed as dist
from several_devices_task import GLOBAL_BATCH, LOSSES, build, part

import multiloss as ml


def join() -> tuple[int, int]:
    """Lets the processes that torchrun started know of each other; which one this is, of how many."""
    if "RANK" not in os.environ:
        return 0, 1
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return dist.get_rank(), dist.get_world_size()


def main() -> dict[str, list[float]]:
    """Trains, saves from the first process, and gives the logs, which are the same in all of them."""
    rank, processes = join()
    keras.utils.set_random_seed(1)  # one seed for all
    trainer = ml.compile(build(), keras.optimizers.SGD(0.01), loss=LOSSES, balancer="pcgrad")
    x, y = part(rank, processes)
    # Not shuffled, only so that any number of processes gives the same numbers.
    history = trainer.fit(x, y, batch_size=GLOBAL_BATCH // processes, epochs=2, shuffle=False, verbose=0).history
    if folder := os.environ.get("OUT"):
        trainer.save(os.path.join(folder, "run.keras"))  # called by all, written by the first
    if rank == 0:
        print(f"{processes} processes: loss {history['loss'][-1]:.6f}")
    return history


if __name__ == "__main__":
    main()
    if dist.is_initialized():
        dist.destroy_process_group()

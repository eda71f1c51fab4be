"""On PyTorch the processes that torchrun starts give the numbers of one device, and never drift apart.

`DEVICES=all` (by `make devices`) trains every configuration, and prints the table of `docs/several_devices.md`.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from configurations import CONFIGURATIONS, OF_THE_WHOLE_BATCH, UNEVEN
from device_children import ALL
from device_table import compare, found, printed

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="torch.distributed; other backends have files of their own"
)
CHILD = Path(__file__).with_name("torch_child.py")
LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
# Layers that see one process's part of the batch alone: see docs/several_devices.md.
INEXACT = ("dropout", "batch_norm")
FEW = ["everything", "uneven", "representation", "balancer-famo", "scale-initial", "guard-raise-gradient", *INEXACT]
NAMES = [*CONFIGURATIONS, *OF_THE_WHOLE_BATCH, *UNEVEN, "everything"] if ALL else FEW


def test_several_processes_give_the_numbers_of_one(tmp_path):
    """One test, so that each process trains all of it."""
    names = ",".join([*NAMES, "life"])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    for command in ([sys.executable], LAUNCH):
        subprocess.run(
            [*command, CHILD, tmp_path, names], env=environment, check=True, timeout=3600, capture_output=True
        )
    table, differ = compare(tmp_path, {"processes": NAMES}, {"processes": 2}, INEXACT)
    print("", printed(table, {"processes": "PyTorch, 2 processes"}), sep="\n")
    assert not differ
    alone, first, second = (
        {key: str(text) for key, text in found(tmp_path, mode, "life", rank).items()}
        for mode, rank in (("one", 0), ("processes", 0), ("processes", 1))
    )
    for name in ("losses", "gramian", "labelled"):
        assert first[name] == second[name] == alone[name], name
    # The first process writes, whatever path the others name, and both load the same.
    assert first["files"] == second["files"] == "['common.keras', 'own-0.weights.h5']"
    assert first["loaded"].startswith("(0.0")
    assert second["loaded"].startswith("(0.0")
    # All begin from the weights and seeds of the first, and a process that goes its own way is found out.
    assert first["begins"] == "0.0"
    assert "must hold the same weights" in first["drift"]
    assert "must hold the same weights" in second["drift"]
    _check_traffic(first)


def test_the_example_gives_the_same_in_one_process_and_in_two(tmp_path):
    example = Path(__file__).parents[2] / "examples" / "several_devices_torch.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "OUT": str(tmp_path)}
    said = []
    for command in ([sys.executable], [*LAUNCH]):
        done = subprocess.run([*command, example], env=environment, check=True, capture_output=True, text=True)
        said += [line for line in done.stdout.splitlines() if "loss" in line]
    assert [line.split(":")[0] for line in said] == ["1 processes", "2 processes"]
    first, second = (float(line.split("loss ")[1]) for line in said)
    assert second == pytest.approx(first, abs=2e-6)
    assert (tmp_path / "run.keras").exists()


def _check_traffic(life):
    """A step sends the gradients once, as plain data parallelism does, and beside them what its balancer reads."""
    sent = {
        name.removeprefix("sent "): ast.literal_eval(text) for name, text in life.items() if name.startswith("sent")
    }
    parameters = {name: int(life[f"parameters {name}"]) for name in sent}
    terms, numbers = 3, 4
    logs = sent["none"]["all_reduce"] - parameters["none"]
    assert sent["none"].get("reduce_scatter_tensor", 0) == 0
    # Losses, labels and faults, once; and the sums of the logs.
    for name in sent:
        assert terms * numbers <= sent[name]["all_gather"] <= terms * (numbers + 6), name
    assert logs < 100
    assert sent["balancer-uncertainty"] == sent["none"]
    # Representations: K x K numbers more, however large the model is.
    assert sent["representation"]["all_reduce"] == sent["none"]["all_reduce"] + terms**2
    assert "reduce_scatter_tensor" not in sent["representation"]
    # In general the K rows of the shared variables, each sent half as far as in an all-reduce.
    # The joint term reads both outputs, so all of them are shared; two processes cut them into equal parts.
    shared = parameters["captured"]
    assert sent["captured"]["reduce_scatter_tensor"] == terms * (shared + shared % 2)
    assert sent["captured"]["all_reduce"] == parameters["captured"] + terms**2 + logs
    # And that is what `explain` says.
    assert f"{terms} rows of {shared} shared weights, scattered" in life["said captured"]
    assert f"gradients of {parameters['captured']} weights once" in life["said captured"]
    assert f"{terms} x {terms} inner products" in life["said representation"]
    assert f"{terms * numbers} numbers of losses and labels, and {logs} of logs" in life["said none"]

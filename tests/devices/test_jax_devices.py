"""On JAX several devices and processes give the numbers of one: weights, slots, all other state, and logs.

Children train, since a process has the devices with which it began. `DEVICES=all` (by `make devices`) trains every
configuration in every way, and prints the table of `docs/several_devices.md`.
"""

import os
import socket
from pathlib import Path

import keras
import pytest
from configurations import CONFIGURATIONS, OF_THE_WHOLE_BATCH
from device_children import ALL, run_children
from device_runs import TOLERANCE, largest_difference
from device_table import compare, found, printed

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="keras.distribution; other backends have files of their own"
)
CHILD = Path(__file__).with_name("jax_child.py")
OTHERS = ("life", "traffic")  # no trainings that one device repeats
if ALL:
    EVERY = [*CONFIGURATIONS, *OF_THE_WHOLE_BATCH, "everything"]
    PLAN = dict.fromkeys(["data2", "data4", "model2", "model4", "processes"], EVERY)
    PLAN["data4"] = [*EVERY, "life", "traffic"]
    PLAN["processes"] = [*EVERY, "life"]
else:
    PLAN = {
        "data4": ["guard-raise-gradient", "life"],
        "model4": ["everything", "representation", "balancer-famo"],
        "processes": ["everything", "life"],
    }
NAMES = list(dict.fromkeys(name for names in PLAN.values() for name in names if name not in OTHERS))
TITLES = {
    "data2": "`DataParallel`, 2 devices",
    "data4": "`DataParallel`, 4 devices",
    "model2": "`ModelParallel`, 1 x 2",
    "model4": "`ModelParallel`, 2 x 2",
    "processes": "2 processes with 2 devices",
}


def _environment(devices, **more):
    flags = [os.environ.get("XLA_FLAGS", ""), f"--xla_force_host_platform_device_count={devices}"]
    return {**os.environ, "XLA_FLAGS": " ".join(flags), "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore", **more}


def _train(folder, work, environments):
    """Runs one child in each environment, at the same time; `work` is names by mode."""
    given = [";".join(f"{mode}:{','.join(names)}" for mode, names in work.items())]
    codes = run_children([CHILD, folder, *given], environments)
    assert not any(codes), codes


def _cluster(processes):
    """What Keras reads of the other processes."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    common = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": address, "KERAS_DISTRIBUTION_NUM_PROCESSES": str(processes)}
    return [_environment(2, **common, KERAS_DISTRIBUTION_PROCESS_ID=str(rank)) for rank in range(processes)]


def test_several_devices_give_the_numbers_of_one(tmp_path):
    """One test, so that each child and each training on one device runs once."""
    devices = {mode: names for mode, names in PLAN.items() if mode != "processes"}
    _train(tmp_path, {"one": NAMES, **devices}, [_environment(4)])
    _train(tmp_path, {"processes": PLAN["processes"]}, _cluster(2))
    plan = {mode: [name for name in names if name not in OTHERS] for mode, names in PLAN.items()}
    table, differ = compare(tmp_path, plan, {"processes": 2})
    print("", printed(table, {mode: TITLES[mode] for mode in PLAN}), sep="\n")
    assert not differ
    _check_life(tmp_path)
    if ALL:
        _check_traffic(tmp_path)


def _check_life(folder):
    lives = [found(folder, "data4", "life"), *(found(folder, "processes", "life", rank) for rank in range(2))]
    logs = [{name: value for name, value in life.items() if name.startswith("log ")} for life in lives]
    alone, first, second = ({name: str(value) for name, value in life.items()} for life in lives)
    # The example of the documentation.
    assert len(logs[0]) > 6
    for other in logs[1:]:
        assert largest_difference(logs[0], other)[0] < TOLERANCE
    # The first process writes, whatever path the others name, and all load the same.
    assert first["files"] == second["files"] == "['common.keras', 'own-0.weights.h5']"
    assert first["loaded"].startswith("(0.0")
    assert second["loaded"].startswith("(0.0")
    assert "2 processes and no distribution" in first["alone"]
    for verb in ("compare", "tune"):
        assert f"`{verb}` trains every model in one process" in first[verb]
    # What JAX cannot cut into equal parts is refused before anything is lost.
    assert "batch_size=10" in alone["size"]
    for method in ("fit", "size", "split", "validation", "evaluate", "predict", "batch"):
        assert "4 equal parts, one for each device" in alone[method], method
    assert "14 samples in the last batch of the data. Leave out 2 of the 30 samples" in alone["fit"]
    assert "of `validation_data`" in alone["validation"]
    assert alone["lost"].startswith("(0.0"), alone
    assert "4 devices; a step sends: the gradients of 85 weights once" in alone["explained"]
    assert "3 rows of 85 shared weights, summed up" in alone["explained"]


def _check_traffic(folder):
    """Beside the gradient: nothing that grows with the model, but for rows of variables that are formed."""
    texts = found(folder, "data4", "traffic")
    sent = {name: int(count) for name, count in texts.items() if not name.startswith("said")}
    trunk, value_head, label_head = 4 * 8 + 8, 8 * 2 + 2, 8 * 3 + 3
    parameters = trunk + value_head + label_head
    assert parameters <= sent["none"] <= parameters + 20
    assert sent["losses"] == sent["none"]
    # A row holds the variables that its term is connected to; the third term reads both heads.
    rows = 3 * trunk + 2 * value_head + 2 * label_head
    assert sent["norms"] == sent["gramian"] == sent["none"] + rows
    assert sent["representation"] == sent["none"] + 3 * 3
    # And that is what `explain` says.
    assert f"4 devices; a step sends: the gradients of {parameters} weights once" in str(texts["said none"])
    assert "3 x 3 inner products" in str(texts["said representation"])
    assert f"3 rows of {parameters} shared weights, summed up" in str(texts["said gramian"])
    assert "inputs and 3 x outputs of trunk_1, sample by sample" in str(texts["said captured"])
    # The second layer is captured: its inputs and the rows' gradients at its outputs, for 16 samples.
    rows = 3 * (4 * 64 + 64) + 2 * (64 * 2 + 2) + 2 * (64 * 3 + 3)
    positions = 16 * (64 + 3 * 64)
    assert sent["captured"] <= sent["wide"] + rows + positions + 3 * 64 + 20

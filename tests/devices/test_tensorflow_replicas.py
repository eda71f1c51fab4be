"""On TensorFlow the replicas of a strategy give the numbers of one device: in graphs, eagerly, and between workers.

`DEVICES=all` (by `make devices`) trains every configuration, and prints the table of `docs/several_devices.md`.
"""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import keras
import pytest
from configurations import CONFIGURATIONS, OF_THE_WHOLE_BATCH, UNEVEN
from device_children import ALL, run_children
from device_table import compare, found, printed

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute; other backends have files of their own"
)
CHILD = Path(__file__).with_name("tensorflow_child.py")
# Layers that see one replica's part of the batch alone, and gradients that Keras clips before it sums them up.
INEXACT = ("dropout", "batch_norm", "optimizer")
EVERY = [*CONFIGURATIONS, *OF_THE_WHOLE_BATCH, *UNEVEN, "everything", "joined_statistics"]
# Eager steps under a strategy take a tenth of a second each, whoever trains.
COMPILED = [name for name in EVERY if name != "optimizer"]  # it accumulates gradients, which Keras cannot do there
PLAN = {
    "graph": COMPILED if ALL else ["everything", "joined_statistics"],
    "eager": EVERY if ALL else ["representation", "uneven"],
    "workers": COMPILED if ALL else ["everything", "batch_norm"],
}
NAMES = list(dict.fromkeys(name for names in PLAN.values() for name in names))
TITLES = {
    "graph": "`MirroredStrategy`, 2 replicas",
    "eager": "the same, eagerly",
    "workers": "`MultiWorkerMirroredStrategy`, 2 workers",
}


def _cluster(workers):
    """What TensorFlow reads of the other workers."""
    with ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(workers)]
        for each in free:
            each.bind(("localhost", 0))
        cluster = {"worker": [f"localhost:{each.getsockname()[1]}" for each in free]}
    return [
        {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": rank}})}
        for rank in range(workers)
    ]


def _train(folder, modes, names, environments):
    """Runs one child in each environment, at the same time."""
    common = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}
    run_children([CHILD, folder, ",".join(modes), ",".join(names)], [{**common, **each} for each in environments])


def test_several_replicas_give_the_numbers_of_one(tmp_path):
    """One test, so that each child and each training on one device runs once."""
    for mode in ("one", "graph", "eager"):
        names = [*(NAMES if mode == "one" else PLAN[mode]), *(["life"] if mode == "graph" else [])]
        _train(tmp_path, [mode], names, [{}])
    _train(tmp_path, ["workers"], [*PLAN["workers"], "files"], _cluster(2))
    table, differ = compare(tmp_path, PLAN, {"workers": 2}, INEXACT)
    print("", printed(table, TITLES), sep="\n")
    assert not differ
    life = {name: str(text) for name, text in found(tmp_path, "graph", "life").items()}
    assert "must be made under the scope of one strategy" in life["model outside"]
    assert "must be made under the scope of one strategy" in life["optimizer outside"]
    assert "must be made under the scope of one strategy" in life["trainer outside"]
    assert "gradient_accumulation_steps=2" in life["accumulation"]
    assert "MirroredStrategy and MultiWorkerMirroredStrategy" in life["unknown strategy"]
    for name in ("joined representation", "joined rare"):
        assert "beside BatchNormalization(synchronized=True)" in life[name]
    warning = "2 replicas will not give the numbers of one device: norm take statistics of each replica's own part"
    assert warning in life["warning"]
    assert "(clipnorm)" in life["warning"]
    assert "'whole' give one number for a whole batch" in life["warning"]
    assert "2 replicas; each sends in a step" in life["explained"]
    for rank in range(2):
        files = {name: str(text) for name, text in found(tmp_path, "workers", "files", rank).items()}
        assert files["files"] == "['common.keras', 'own-0.weights.h5']"
        assert files["loaded"].startswith("(0.0")
        assert "outside of the strategy's scope" in files["inside"]
        for verb in ("compare", "tune"):
            assert f"`{verb}` trains every model in one process" in files[verb]


def test_the_example_gives_the_same_on_one_device_and_in_two_workers(tmp_path):
    example = Path(__file__).parents[2] / "examples" / "several_devices_tensorflow.py"
    common = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}
    common["OUT"] = str(tmp_path)
    said = []
    for environments in ([{}], _cluster(2)):
        with ExitStack() as stack:
            children = [
                stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, example], env={**common, **each}, stdout=subprocess.PIPE, text=True
                    )
                )
                for each in environments
            ]
            said += [child.communicate(timeout=300)[0].splitlines()[-1] for child in children]
    assert [line.split(":")[0] for line in said] == ["1 replicas", "2 replicas", "2 replicas"]
    first, *others = (float(line.split("loss ")[1]) for line in said)
    assert others == pytest.approx([first, first], abs=2e-6)
    assert (tmp_path / "run.keras").exists()

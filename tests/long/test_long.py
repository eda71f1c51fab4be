"""Twenty thousand steps, and forty models in one process: nothing grows that does not grow in plain Keras.

`make long` runs them. Memory decides; the time, which belongs to the machine as well, is printed.
"""

import os

import keras
import pytest
from turns import take_turns

pytestmark = pytest.mark.long

MIB = 2**20
# Fewer for a quick look: `make long THOUSANDS=4 MODELS=12`.
STEP_BLOCKS = int(os.environ.get("LONG_THOUSANDS", 20))
MODELS = int(os.environ.get("LONG_MODELS", 40))


def _table(title, lives, unit, blocks_of_a_unit):
    plain = lives["plain"]
    of_models = "alive" in plain.blocks[-1]
    print(f"\n{keras.backend.backend()}: {title}")
    for name, life in lives.items():
        grown, objects = life.growth("bytes") / blocks_of_a_unit, life.growth("objects") / blocks_of_a_unit
        alive = f", {life.growth('nodes'):.0f} nodes kept, {life.blocks[-1]['alive']} alive" if of_models else ""
        first, last = life.blocks[life.warmup]["bytes"] / MIB, life.blocks[-1]["bytes"] / MIB
        print(
            f"  {name:18} {grown:10.1f} bytes and {objects:8.3f} objects more with each {unit}{alive}; "
            f"{first:.1f} to {last:.1f} MiB; time {life.seconds / plain.seconds:.2f} of plain Keras's"
        )


@pytest.mark.parametrize("names", [("none", "uncertainty", "gradvac", "missing"), ("validation",)], ids="+".join)
def test_memory_is_flat_over_twenty_thousand_steps(names):
    plain = "plain validation" if names == ("validation",) else "plain"
    lives = take_turns("steps", [plain, *names], STEP_BLOCKS, warmup=STEP_BLOCKS // 4)
    lives["plain"] = lives.pop(plain)
    _table(f"{STEP_BLOCKS} thousand steps", lives, "step", 1000)
    for name in names:
        # What Python itself counts does not grow at all; the allocator's pages may, by less than 100 bytes a step.
        assert lives[name].growth("objects") <= max(lives["plain"].growth("objects"), 0) + 5, name
        assert lives[name].growth("bytes") <= max(lives["plain"].growth("bytes"), 0) + 100_000, name


def test_forty_models_in_one_process():
    names = ("none", "gradvac", "missing")
    lives = take_turns("compiles", ["plain", *names], MODELS, warmup=MODELS // 4)
    _table(f"{MODELS} models", lives, "model", 1)
    plain = lives["plain"]
    for name in names:
        life = lives[name]
        assert life.blocks[-1]["alive"] <= 2 * plain.blocks[-1]["alive"], name
        # TensorFlow keeps the graph of every step that it traced: of ours no more, and by their size no more.
        assert life.growth("graphs") <= plain.growth("graphs"), name
        size = life.growth("nodes") / plain.growth("nodes") if plain.growth("nodes") else 1.0
        # Two are the weak references by which the run itself sees who is alive.
        assert life.growth("objects") <= size * max(plain.growth("objects"), 0) + 2, name
        # What an allocator takes and gives back moves by itself: half a MiB, and on TensorFlow a quarter of plain.
        assert life.growth("bytes") <= 1.25 * size * max(plain.growth("bytes"), 0) + MIB / 2, name

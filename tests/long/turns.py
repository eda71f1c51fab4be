"""Several processes that take turns, so that whatever else the machine does befalls them all alike."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIVES = Path(__file__).parent / "lives.py"


@dataclass(frozen=True)
class Life:
    """What one process said, block by block; the first `warmup` blocks are left out of all numbers."""

    blocks: list[dict[str, Any]]
    warmup: int

    @property
    def seconds(self) -> float:
        """Of a block, the median."""
        return statistics.median(block["seconds"] for block in self.blocks[self.warmup :])

    def growth(self, what: str) -> float:
        """By how much `bytes` or `objects` grow from block to block: Theil and Sen's slope, which an outlier leaves."""
        values = [block[what] for block in self.blocks[self.warmup :]]
        pairs = [(last - first, j - i) for i, first in enumerate(values) for j, last in enumerate(values) if j > i]
        return statistics.median(change / blocks for change, blocks in pairs)


def take_turns(what: str, names: Sequence[str], blocks: int, warmup: int) -> dict[str, Life]:
    """Runs `lives.py WHAT NAME` for every name, one block at a time."""
    said: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    with ExitStack() as stack:
        processes = {name: stack.enter_context(_process(what, name)) for name in names}
        for _ in range(blocks):
            for name, process in processes.items():
                process.stdin.write("\n")
                process.stdin.flush()
                line = process.stdout.readline()
                assert line, f"{what} {name} ended"
                said[name].append(json.loads(line))
        for process in processes.values():
            process.stdin.close()
    return {name: Life(blocks, warmup) for name, blocks in said.items()}


def _process(what: str, name: str) -> subprocess.Popen:
    command = [sys.executable, "-W", "ignore", str(LIVES), what, name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)

"""The most memory that a step holds beyond what lies there between steps; Linux only."""

from __future__ import annotations

import ctypes
import gc
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = 3


def resident(kind: str) -> float:
    """A figure of the kernel on this process, in MiB."""
    match = re.search(rf"^{kind}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(match.group(1)) / 1024 if match else float("nan")


def peak(epoch: Callable[[int], Any]) -> float:
    """MiB that a few steps need on top of the memory before them; the larger of two such measurements."""
    epoch(STEPS)
    return max(_measured(epoch) for _ in range(2))


def _measured(epoch: Callable[[int], Any]) -> float:
    gc.collect()
    # What was freed goes back to the system, so that it counts when it is taken again; then the kernel's mark is reset.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    epoch(STEPS)
    return max(resident("VmHWM") - before, 0.0)

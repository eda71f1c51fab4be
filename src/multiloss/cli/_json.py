"""One JSON document on standard output."""

from __future__ import annotations

import json
import sys
from typing import Any


def print_json(document: Any) -> None:
    """Strict JSON in ASCII, which every terminal and pipe can carry; nothing else may be on standard output."""
    text = json.dumps(document, indent=2, allow_nan=False)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

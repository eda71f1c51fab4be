"""Cells of CSV files that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Excel, LibreOffice and Google Sheets run a cell that begins so, even from a CSV file.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(row: Sequence[Any]) -> list[Any]:
    """The row, with an apostrophe before every text that a spreadsheet would run; numbers are as they are.

    Example:
        >>> harmless(["=1+2", "mae", -0.5, None])
        ["'=1+2", 'mae', -0.5, None]
    """
    return [f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in row]

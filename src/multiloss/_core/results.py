"""Results that live in a folder: strict JSON and tables."""

from __future__ import annotations

import abc
import csv
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from .damage import damaged
from .errors import cannot_write, invalid
from .stored import StorageWarning, read_checked, write_checked
from .table_cells import harmless
from .writing import write_text

RESULTS = "results.json"
# The head of a table, then its lines.
Rows = Iterable[Sequence[Any]]


class SavedResult(abc.ABC):
    """What a verb found, and how it is written: `to_dict` as `results.json`, each of `tables` as a CSV file."""

    @abc.abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The result as plain data that strict JSON can hold: what is not finite is None."""

    @abc.abstractmethod
    def tables(self) -> Mapping[str, Rows]:
        """File name to the lines of the table, the head first."""

    def save(self, folder: str | Path) -> Path:
        """Writes `results.json`, and the tables as CSV files beside it; each is put in place in one move.

        Args:
            folder: made when it is not there.

        Returns:
            The path of `results.json`.
        """
        folder = Path(folder)
        write_checked(folder / RESULTS, self.to_dict())
        for name, rows in self.tables().items():
            write_table(folder / name, rows)
        return folder / RESULTS

    def save_if_possible(self, folder: Path) -> None:
        """As `save`; where nothing can be written the result lives on, and a warning says how to write it again."""
        try:
            self.save(folder)
        except OSError as error:
            warnings.warn(
                f"The results were not written: {cannot_write(error)} They are not lost: `save(folder)` of what is "
                "returned writes them.",
                StorageWarning,
                stacklevel=3,
            )


class StoredResult(SavedResult):
    """A result that is also read again.

    Attributes:
        verb: what makes it, as a user calls it.
        key: an entry of its `to_dict` that no other result has.
    """

    verb: ClassVar[str]
    key: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Makes the result from `to_dict`."""

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Reads what `save` wrote.

        Args:
            folder: the folder, or the path of its `results.json`.

        Raises:
            ValueError: when there is no such result, and when it is not as it was written.
        """
        path = Path(folder)
        path = path / RESULTS if path.is_dir() else path
        data = read_checked(path, needs_checksum=False) if path.is_file() else {}
        if cls.key not in data:
            raise invalid(f"Expected a folder that holds the {RESULTS} of `{cls.verb}`", received=str(folder))
        try:
            return cls.from_dict(data)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise damaged(path, f"{type(error).__name__}: {error}") from error


def write_table(path: Path, rows: Rows) -> None:
    """Writes one CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(map(harmless, rows))
    write_text(path, text.getvalue())

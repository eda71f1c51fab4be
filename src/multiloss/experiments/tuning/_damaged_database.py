"""A database file that is not as it was written: found before it is used, and set aside."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from ..._core.damage import damaged
from ..._core.errors import invalid
from ..._core.optional import require
from ..._core.stored import set_aside
from ._record import check_record
from ._seal import check_settings_seal

_BESIDE = ("-journal", "-wal", "-shm")
# Words of the tables that Optuna makes: a file without them is somebody else's.
_OURS = (b"trial_user_attributes", b"study_directions")


def check_structure(file: Path, patience: float) -> None:
    """Sets aside a SQLite file of trials whose structure is damaged.

    Args:
        file: the database; nothing is done where there is none.
        patience: seconds to wait for a process that writes to it.

    Raises:
        ValueError: for a file that never was one of ours.
    """
    if not file.is_file() or not file.stat().st_size:
        return
    number, problem = file.stat().st_ino, _structural(file, patience)
    if problem is not None:
        content = file.read_bytes()
        if not any(word in content for word in _OURS):
            raise invalid(f"{str(file)!r} must be a database of trials", received=problem)
        _put_away(file, number, damaged(file, problem))


def is_whole(storage: Any, file: Path) -> bool:
    """Whether every study and trial of an open database can be read and says what was stored; False when it was not.

    Optuna keeps no checksums: a byte that turns gives another value.
    """
    number = file.stat().st_ino
    for _ in range(2):  # another process may take a study away meanwhile: what is damaged stays damaged
        try:
            _read(storage)
            return True
        except require("optuna", extra="tune", purpose="tuning").exceptions.StorageInternalError:
            raise  # it is locked, or cannot be reached
        except Exception as error:  # a damaged value fails in the ways of JSON, enums, dates and our own records
            problem = f"{type(error).__name__}: {error}"
            storage.remove_session()
    storage.engine.dispose()
    _put_away(file, number, damaged(file, problem))
    return False


def _read(storage: Any) -> None:
    for study in storage.get_all_studies():
        sealed = check_settings_seal(study.study_name, study.user_attrs)
        place = storage.get_study_id_from_name(study.study_name)
        for trial in storage.get_all_trials(place, deepcopy=False):
            check_record(trial, sealed)


def _structural(file: Path, patience: float) -> str | None:
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=patience)) as connection:
            (answer,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            stray = connection.execute("PRAGMA foreign_key_check").fetchone()
        return f"a row of {stray[0]!r} that belongs to none" if stray else None if answer == "ok" else str(answer)
    except sqlite3.OperationalError as error:
        # Locked, full or not to be opened is no damage.
        name = getattr(error, "sqlite_errorname", "")
        return str(error) if name in ("SQLITE_ERROR", "SQLITE_IOERR_SHORT_READ") else None
    except UnicodeDecodeError:
        return "malformed text"  # of a message of SQLite's about a name that is no text any more
    except sqlite3.DatabaseError as error:
        return str(error)


def _put_away(file: Path, number: int, why: ValueError) -> None:
    if not file.exists() or file.stat().st_ino != number:
        return  # another process has put it away meanwhile, and begun a new one
    set_aside(file, why, "The search begins anew")
    for ending in _BESIDE:
        # What was not finished belongs to the damaged file; a new one must not take it for its own.
        with contextlib.suppress(OSError):
            (beside := file.with_name(file.name + ending)).rename(f"{beside}.unreadable")

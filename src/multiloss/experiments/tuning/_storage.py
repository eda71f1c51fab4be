"""Where the trials are kept: memory, a file, or a database that many machines share."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..._core.errors import invalid
from ..._core.optional import require
from ..._core.places import check_file
from ._damaged_database import check_structure, is_whole

PURPOSE = "tuning"
FILE = "tune.db"
# A trial that has not been heard of for the second time (seconds) is taken for dead.
HEARTBEAT, GRACE = 15, 90
# Seconds that a worker waits while another one writes to the same SQLite file.
_PATIENCE = 60


def storage_url(storage: Any) -> str | None:
    """The address of a database; None for the memory of this process.

    Args:
        storage: None, an address that SQLAlchemy knows (`sqlite:///tune.db`, `postgresql+psycopg://...`), or the path
            of a file or a folder, which then holds `tune.db`.

    Raises:
        ValueError: for anything else.
    """
    if storage is None:
        return None
    if not isinstance(storage, str | Path) or not str(storage):
        raise invalid("`storage` must be None, a database's address, or a path", received=repr(storage))
    if "://" in str(storage):
        return str(storage)
    path = Path(storage)
    path = path / FILE if path.is_dir() or not path.suffix else path
    return f"sqlite:///{path}"


def check_storage(argument: str, storage: Any) -> None:
    """Refuses a file that cannot be written, and what is no address; nothing is made, and no server is asked.

    Args:
        argument: its name, as the user writes it.
        storage: as for `storage_url`.

    Raises:
        ValueError: naming what the user gave.
    """
    url = storage_url(storage)
    if url is None or not url.startswith("sqlite"):
        return
    sqlalchemy = require("sqlalchemy", extra="tune", purpose=PURPOSE)
    try:
        name = sqlalchemy.make_url(url).database
    except sqlalchemy.exc.ArgumentError as error:
        raise invalid(f"{argument} must be a database's address, or a path", received=repr(url)) from error
    if name and name != ":memory:" and not name.startswith("file:"):
        check_file(argument, Path(name), str(storage))


def open_storage(url: str | None) -> Any:
    """Optuna's storage at an address, whose tables are made where they are missing.

    Raises:
        ImportError: without Optuna, or without the database's driver.
        ValueError: when the database cannot be reached.
    """
    optuna = require("optuna", extra="tune", purpose=PURPOSE)
    if url is None:
        return optuna.storages.InMemoryStorage()
    sqlalchemy = require("sqlalchemy", extra="tune", purpose=PURPOSE)
    options: dict[str, Any] = {}
    displayed, file = url, None
    try:
        address = sqlalchemy.make_url(url)
        displayed = address.render_as_string(hide_password=True)
        if address.get_backend_name() == "sqlite":
            options["connect_args"] = {"timeout": _PATIENCE}
            if address.database and address.database != ":memory:" and not address.database.startswith("file:"):
                file = Path(address.database)
                file.parent.mkdir(parents=True, exist_ok=True)
                check_structure(file, _PATIENCE)
        else:
            options["pool_pre_ping"] = True
        storage = _optunas(optuna, url, options)
        with quiet_optuna():
            whole = file is None or is_whole(storage, file)
        return storage if whole else _optunas(optuna, url, options)
    except ImportError as error:
        driver = getattr(error.__cause__ or error, "name", None) or "?"
        raise ImportError(
            f"The database at {displayed} needs the driver {driver!r}, which is not installed. Run: pip install "
            f"{_PACKAGES.get(driver, driver)}, or name one that is, as in postgresql+pg8000:// or mysql+pymysql://."
        ) from error
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError, OSError, RuntimeError) as error:
        raise _unusable(displayed, error) from error


def _optunas(optuna: Any, url: str, options: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        # Heartbeats are marked experimental since 2021.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.RDBStorage(
            url,
            engine_kwargs=options,
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
        )


@contextlib.contextmanager
def database_faults(url: str | None) -> Iterator[None]:
    """What a database refuses within the block, as on a full disk, is one error that names it.

    Raises:
        ValueError: in the place of SQLAlchemy's and Optuna's errors.
    """
    if url is None:
        yield
        return
    optuna = require("optuna", extra="tune", purpose=PURPOSE)
    sqlalchemy = require("sqlalchemy", extra="tune", purpose=PURPOSE)
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise _unusable(sqlalchemy.make_url(url).render_as_string(hide_password=True), error) from error


def _unusable(displayed: str, error: BaseException) -> ValueError:
    found = getattr(error, "orig", None) or getattr(error.__cause__, "orig", None) or error
    return invalid(f"Cannot use the database: {str(found).strip().splitlines()[0]}", received=displayed)


def close_storage(storage: Any) -> None:
    """Closes the connections to a database."""
    if hasattr(storage, "engine"):
        storage.remove_session()
        storage.engine.dispose()


_PACKAGES = {"psycopg2": "psycopg2-binary", "psycopg": "'psycopg[binary]'", "MySQLdb": "mysqlclient"}


@contextlib.contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keeps Optuna from printing a line for each trial; what goes wrong is raised in any case."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)

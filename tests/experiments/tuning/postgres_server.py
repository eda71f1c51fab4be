"""A PostgreSQL server of the test's own: started in a folder, reached through a socket in it, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

# Debian keeps the programs out of the path.
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
# The server refuses to run as root; these users own nothing that matters.
_USERS = ("postgres", "nobody")
_SECONDS = 60.0


def program(name):
    """The path of a program of PostgreSQL; None where it is not installed."""
    return shutil.which(name, path=os.pathsep.join([*map(str, _FOLDERS), os.environ.get("PATH", "")]))


def why_not():
    """Why the server cannot be started here; an empty string where it can."""
    missing = [name for name in ("initdb", "postgres") if program(name) is None]
    if missing:
        return f"PostgreSQL is not installed ({', '.join(missing)}); on Debian: apt install postgresql"
    if os.geteuid() == 0 and _user() is None:
        return f"PostgreSQL does not run as root, and there is none of the users {', '.join(_USERS)}"
    return ""


@contextlib.contextmanager
def postgres():
    """Starts a server and gives the address of its database."""
    folder = Path(tempfile.mkdtemp())
    account = _user() if os.geteuid() == 0 else None
    as_user = {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    setup = [
        program("initdb"),
        "-D",
        str(data),
        "-U",
        "tester",
        "-A",
        "trust",
        "--no-sync",
        "--locale",
        "C",
        "-E",
        "UTF8",
    ]
    subprocess.run(setup, check=True, cwd=folder, capture_output=True, **as_user)
    options = ["-c", "listen_addresses=", "-c", "fsync=off", "-k", str(folder)]
    with open(os.devnull, "wb") as nothing:
        server = subprocess.Popen(
            [program("postgres"), "-D", str(data), *options], cwd=folder, stdout=nothing, stderr=nothing, **as_user
        )
    try:
        url = f"postgresql+psycopg://tester@/postgres?host={folder}"
        _wait(url, server)
        yield url
    finally:
        # A "fast" shutdown: the gentle one waits for every client to leave.
        server.send_signal(signal.SIGINT)
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _user():
    for name in _USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _wait(url, server):
    import sqlalchemy

    engine = sqlalchemy.create_engine(url)
    end = time.monotonic() + _SECONDS
    while True:
        try:
            engine.connect().close()
            break
        except sqlalchemy.exc.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.05)
    engine.dispose()

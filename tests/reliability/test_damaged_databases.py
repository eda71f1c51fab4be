"""The database of a search: damaged, killed, without room, and of somebody else."""

import functools
import shutil
import sqlite3
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import optuna
import pytest
from injected import Counts

from multiloss._core.stored import StorageWarning
from multiloss.experiments.tuning import _terms, _trial, tune
from multiloss.experiments.tuning._record import records
from multiloss.experiments.tuning._storage import close_storage, database_faults, open_storage

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments" / "tuning"))
from killing import forked, kill
from tuning_formula import FormulaTraining, make_problem

pytestmark = [pytest.mark.one_backend, pytest.mark.filterwarnings("ignore:.*fork:")]

FLIPS, CUTS, KILLS, TRIALS = 24, 6, 5, 12
MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def quick_folder():
    """SQLite waits for the disk in every step; a folder in memory does not."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_trial, "train", FormulaTraining())
        patch.setattr(_terms, "compile_trainer", functools.partial(_terms.compile_trainer, run_eagerly=True))
        yield folder
    shutil.rmtree(folder)


def search(path, trials=TRIALS):
    options = {"epochs": 2, "confirm_seeds": 0, "verbose": 0, "pruning": False, "method": "random"}
    return tune(make_problem(), trials=trials, storage=f"sqlite:///{path}", **options)


@pytest.fixture(scope="module")
def stored(quick_folder):
    """A finished search: its file, and what it found."""
    path = quick_folder / "stored.db"
    found = search(path, 4)
    return path, found.to_dict()["trials"]


def read(path):
    """The trials of a file as records, as `tune` opens it."""
    storage = open_storage(f"sqlite:///{path}")
    try:
        names = [study.study_name for study in storage.get_all_studies()]
        studies = [optuna.load_study(study_name=name, storage=storage) for name in names]
        return [record.to_dict() for study in studies for record in records(study)]
    finally:
        close_storage(storage)


def test_a_damaged_database_never_gives_other_numbers(stored, tmp_path):
    path, _ = stored
    truth, content = read(path), path.read_bytes()
    counts, generator = Counts("byte turned, or end lost"), np.random.default_rng(5)
    said = np.flatnonzero(np.frombuffer(content, "uint8"))  # most of a small database is empty
    damaged = []
    for place in generator.choice(said, FLIPS):
        turned = bytearray(content)
        turned[place] ^= 1 << generator.integers(0, 8)
        damaged.append((f"byte {place} after {content[place - 30 : place + 1]!r}", bytes(turned)))
    damaged += [(f"cut at {place}", content[:place]) for place in generator.integers(1, len(content), CUTS)]
    # SQLite's message about a name that is no text any more is no text either.
    damaged.append(("a name in the schema", content.replace(b"UNIQUE", b"UNI\xd1UE", 1)))
    # A value of a trial is changed by a program: the structure is whole.
    number = np.float64(truth[1]["values"][0]).byteswap().tobytes()
    assert number in content
    damaged.append(("a value", content.replace(number, np.float64(0.5).byteswap().tobytes())))
    for number, (what, changed) in enumerate(damaged):
        file = path.with_name(f"damaged-{number}.db")
        file.write_bytes(changed)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                found = read(file)
                aside = file.with_name(f"{file.name}.unreadable").is_file()
                lines = [str(entry.message) for entry in told if entry.category is StorageWarning]
                good = found == truth if not aside else found == [] and len(lines) == 1 and file.name in lines[0]
            except ValueError as error:
                good = "\n" not in str(error) and file.name in str(error)
        counts.add("database of tune", good, what)
    counts.check()
    assert path.with_name(f"damaged-{len(damaged) - 1}.db.unreadable").is_file()


def test_a_search_begins_anew_without_its_damaged_database(stored, quick_folder):
    path, truth = stored
    file = quick_folder / "mine.db"
    file.write_bytes(path.read_bytes()[: -3 * 4096])
    with pytest.warns(StorageWarning, match=r"mine\.db.*set aside as mine\.db\.unreadable\. The search begins anew\."):
        found = search(file, 4)
    assert [trial["values"] for trial in found.to_dict()["trials"]] == [trial["values"] for trial in truth]


def test_a_file_that_is_no_database_is_not_touched(tmp_path):
    file = tmp_path / "notes.db"
    file.write_text("mine, and no database at all: " * 20)
    with pytest.raises(ValueError, match=r"notes\.db' must be a database of trials"):
        search(file)
    assert file.read_text().startswith("mine")
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.db"]


def test_killed_searches_lose_nothing_that_was_finished(quick_folder):
    counts, generator = Counts("killed"), np.random.default_rng(3)
    path = quick_folder / "killed.db"
    known = []
    for _ in range(KILLS):
        kill(forked(lambda: search(path)), generator.uniform(0.3, 1.2))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            now = read(path)
        counts.add("database of tune", all(trial in now for trial in known))
        known = now
    counts.check()
    whole = search(quick_folder / "whole.db").to_dict()["trials"]
    finished = [trial for trial in search(path).to_dict()["trials"] if trial["state"] == "finished"]
    assert len(finished) == len(whole)
    # What chance proposes depends on what was cut off; where every search begins does not.
    assert all(_said(trial) in map(_said, finished) for trial in whole[:2])


def _said(trial):
    return {key: trial[key] for key in ("role", "values", "metrics", "candidate")}


def test_a_database_without_room_is_one_error(quick_folder):
    url = f"sqlite:///{quick_folder / 'full.db'}"
    storage = open_storage(url)

    def full(*arguments):
        raise sqlite3.OperationalError("database or disk is full")

    def store():
        with database_faults(url), pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(storage.engine.dialect), "do_execute", full)
            storage.get_all_studies()

    with pytest.raises(ValueError, match=r"Cannot use the database: database or disk is full\. Received: sqlite"):
        store()
    close_storage(storage)

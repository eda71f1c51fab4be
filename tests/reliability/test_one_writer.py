"""Nothing is written but through `_core/writing.py`."""

import ast
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from multiloss._core import writing
from multiloss._core.writing import PART, beside, move, write_bytes, write_text

pytestmark = pytest.mark.one_backend

SOURCE = Path(__file__).parents[2] / "src" / "multiloss"
WRITER = SOURCE / "_core" / "writing.py"
WRITES = {
    *("write_text", "write_bytes", "savez", "savez_compressed", "savetxt", "tofile", "to_csv", "to_json", "imsave"),
    *("mkstemp", "NamedTemporaryFile", "copyfile", "rename", "replace", "dump", "savefig"),
}
# What only looks like it: a question whether a place takes a file, memory, and the renaming of what cannot be read.
ALLOWED = {
    ("_core/places.py", "open"),
    ("_core/stored.py", "savez_compressed"),
    ("_core/stored.py", "rename"),
    ("reporting/_canvas.py", "savefig"),
    ("experiments/tuning/_damaged_database.py", "rename"),
}


def writes(path):
    """The names of calls that write a file, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [entry.value for entry in [*node.args, *(k.value for k in node.keywords)] if _is_text(entry)]
        if name == "open" and any(set(text) & set("wax+") and len(text) <= 3 for text in texts):
            yield name, node.lineno
        elif name in ("write_text", "write_bytes") and isinstance(node.func, ast.Name):
            continue  # ours
        elif name == "replace" and not _is_of(node, "os"):
            continue  # of texts and dataclasses
        elif name in WRITES:
            yield name, node.lineno


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_of(node, module):
    return isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == module


def test_no_file_is_written_elsewhere():
    found = {
        (path.relative_to(SOURCE).as_posix(), name): line
        for path in SOURCE.rglob("*.py")
        if path != WRITER
        for name, line in writes(path)
    }
    assert set(found) == ALLOWED, f"write through _core/writing.py: {found}"


def test_the_search_finds_what_it_looks_for(tmp_path):
    (tmp_path / "code.py").write_text(
        "open(p, 'w')\np.open(mode='ab')\nopen(p)\np.write_text(t)\nos.replace(a, b)\nt.replace(a, b)\nnp.savez(p)\n"
    )
    assert [line for _, line in writes(tmp_path / "code.py")] == [1, 2, 4, 5, 7]


def test_rights_are_those_of_any_new_file_and_of_the_one_before(tmp_path):
    old = os.umask(0o027)
    try:
        write_text(tmp_path / "new", "a")
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
        (tmp_path / "new").chmod(0o600)
        write_text(tmp_path / "new", "b")
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    finally:
        os.umask(old)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "new"
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(OSError, match="round"):
        write_text(tmp_path / "round", "new")


def test_threads_do_not_meet(tmp_path):
    contents = [bytes([number]) * 200_000 for number in range(8)]
    threads = [threading.Thread(target=write_bytes, args=(tmp_path / "file", content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "file").read_bytes() in contents
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_the_dead_left_is_removed_and_what_the_living_write_is_not(tmp_path, monkeypatch):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f"{PART}{writing._HERE}-{dead.pid}-x"
    living = tmp_path / f"{PART}{writing._HERE}-{os.getppid()}-x"
    of_another_machine = tmp_path / f"{PART}00000000-{dead.pid}-x"
    forgotten = tmp_path / f"{PART}00000001-{dead.pid}-x"
    not_ours = tmp_path / f"{PART}of-a-download"
    for folder in (left, living, of_another_machine, forgotten, not_ours):
        folder.mkdir()
        (folder / "file").write_text("half")
    os.utime(forgotten, (0, 0))
    write_text(tmp_path / "file", "whole")
    assert {entry.name for entry in tmp_path.iterdir()} == {
        *("file", living.name, of_another_machine.name, not_ours.name)
    }


def test_the_disk_has_it_before_the_name_does(tmp_path, monkeypatch):
    """The order that a loss of power asks for: the content, the move, the folder."""
    order = []
    fsync, replace = os.fsync, os.replace

    def noted_sync(descriptor):
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        fsync(descriptor)

    def noted_move(*places):
        order.append("move")
        replace(*places)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_move)
    write_text(tmp_path / "file", "whole")
    assert order == ["content", "move", "folder"]


def test_a_protected_file_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("good")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # whoever runs this may be allowed everything
    with pytest.raises(PermissionError, match=r"'.*file'"):
        write_text(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "good"


def test_errors_of_other_files_keep_their_names(tmp_path):
    def read_another():
        with beside(tmp_path / "file") as folder:
            (tmp_path / "vocabulary.txt").read_text()
            move(folder / "file", tmp_path / "file")

    with pytest.raises(FileNotFoundError, match=r"vocabulary\.txt"):
        read_another()

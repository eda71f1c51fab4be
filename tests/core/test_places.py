"""Places to write to: refused with what the user gave, and nothing left behind."""

import resource
from pathlib import Path

import pytest

from multiloss._core.places import check_file, check_folder

pytestmark = pytest.mark.one_backend


def test_new_places_are_taken_and_nothing_is_made(tmp_path):
    assert check_folder("`out`", tmp_path / "new" / "folder") == tmp_path / "new" / "folder"
    check_file("`storage`", tmp_path / "new" / "file.db", "file.db")
    assert not any(tmp_path.iterdir())


def test_places_that_are_there_are_taken(tmp_path):
    (tmp_path / "file.db").write_text("as it was")
    check_folder("`out`", tmp_path)
    check_file("`storage`", tmp_path / "file.db", "file.db")
    assert (tmp_path / "file.db").read_text() == "as it was"


def test_files_and_folders_in_each_others_place(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"`out` must be a folder\. Received: '.*file', which is a file"):
        check_folder("`out`", tmp_path / "file")
    with pytest.raises(ValueError, match=r"`out` must be a folder\. Received: '.*in', which lies in the file '.*file'"):
        check_folder("`out`", tmp_path / "file" / "in")
    with pytest.raises(ValueError, match=r"`storage` must be a file\. Received: 'given', which is a folder"):
        check_file("`storage`", tmp_path, "given")


def test_parts_of_a_folder_in_each_others_place(tmp_path):
    check_folder("`out`", tmp_path / "new", ["runs", "results.json"])
    assert not any(tmp_path.iterdir())
    (tmp_path / "runs").write_text("")
    (tmp_path / "results.json").mkdir()
    with pytest.raises(ValueError, match=r"In `out`, 'runs' must be a folder\. Received: '.*/runs', which is a file"):
        check_folder("`out`", tmp_path, ["runs"])
    with pytest.raises(ValueError, match=r"In `out`, 'runs/in' must be a folder.*'.*/in', which lies in the file '.*"):
        check_folder("`out`", tmp_path, ["runs/in"])
    with pytest.raises(ValueError, match=r"In `out`, 'results.json' must be a file.*results.json', which is a folder"):
        check_folder("`out`", tmp_path, ["results.json"])


def test_a_place_without_permission():
    # Whoever runs this may be allowed everything; only the system refuses everybody here.
    with pytest.raises(ValueError, match=r"`out` must be a folder that can be written\. Received: '/proc/none': "):
        check_folder("`out`", "/proc/none")
    with pytest.raises(ValueError, match=r"`storage` must be a file that can be written\. Received: 'given': "):
        check_file("`storage`", Path("/proc/version"), "given")


def test_links_that_lead_nowhere_and_names_that_are_too_long(tmp_path):
    (tmp_path / "round").symlink_to(tmp_path / "round")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for place in ("round", "round/report", "nowhere", "nowhere/report", "k" * 300):
        with pytest.raises(ValueError, match=r"`out` must be a folder that can be written\. Received: '"):
            check_folder("`out`", tmp_path / place)


def test_a_disk_without_room_is_found_beforehand(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(ValueError, match=r"`out` must be a folder that can be written\. Received: '.*': File too"):
            check_folder("`out`", tmp_path / "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not any(tmp_path.iterdir())

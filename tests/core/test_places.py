"""Places to write to: refused with what the user gave, and nothing left behind."""

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


def test_a_place_without_permission():
    # Whoever runs this may be allowed everything; only the system refuses everybody here.
    with pytest.raises(ValueError, match=r"`out` must be a folder that can be written\. Received: '/proc/none': "):
        check_folder("`out`", "/proc/none")
    with pytest.raises(ValueError, match=r"`storage` must be a file that can be written\. Received: 'given': "):
        check_file("`storage`", Path("/proc/version"), "given")

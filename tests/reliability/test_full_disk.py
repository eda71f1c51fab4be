"""A disk that is full at any moment: what was there stays, nothing half is left, and the error is one line."""

import errno

import pytest
from injected import Counts, FullDisk, content_of
from stored_files import KINDS, comparison_of, predictions_of, run_of

from multiloss._core.stored import StorageWarning
from multiloss.cli import _compare
from multiloss.cli._app import run
from multiloss.experiments.runs import RunStore
from multiloss.experiments.runs._train import Trained

pytestmark = pytest.mark.one_backend


# Samples are written with the results of compare.
@pytest.mark.parametrize("name", [name for name in KINDS if name != "samples"])
def test_every_step_of_every_kind_of_file(name, tmp_path, capsys):
    kind, counts = KINDS[name], Counts("disk full at step n")
    (tmp_path / "new").mkdir()
    kind.write(tmp_path / "new", 2)
    new = content_of(tmp_path / "new")
    with pytest.MonkeyPatch.context() as patch:
        disk = FullDisk(patch, None)
        kind.write(tmp_path / "old", 1) if name != "problem file" else kind.write(tmp_path / "new", 1)
        steps = disk.steps
    assert steps >= 5
    for number in range(steps):
        folder = tmp_path / str(number)
        folder.mkdir()
        kind.write(folder, 1)
        old = content_of(folder)
        with pytest.MonkeyPatch.context() as patch:
            FullDisk(patch, number)
            try:
                kind.write(folder, 2)
                told = True  # the last step only hands the move to the disk
            except OSError as error:
                told = name == "problem file" or str(folder) in str(error)
        after = content_of(folder)
        whole = set(after) == set(old) and all(_same(after[file], old[file], new[file]) for file in after)
        counts.add(name, told and whole, f"step {number}")
    counts.check()


def _same(found, *versions):
    # An archive holds the time.
    return found in versions or len(found) in [len(version) for version in versions if version[:2] == b"PK"]


def test_a_comparison_goes_on_when_nothing_can_be_kept(tmp_path, monkeypatch):
    FullDisk(monkeypatch, 0)
    store = RunStore(tmp_path)
    with pytest.warns(StorageWarning, match=r"A run was not kept: Cannot write '.*runs.*': No space left on device\."):
        store.keep_if_possible(Trained(run_of(1), predictions_of(1)))
    store.keep_if_possible(Trained(run_of(1), predictions_of(1)))  # told once
    with pytest.warns(StorageWarning, match=r"results\.json.*No space left.*`save\(folder\)` of what is returned"):
        comparison_of(1).save_if_possible(tmp_path)
    assert content_of(tmp_path) == {}


@pytest.mark.parametrize("json", [False, True])
def test_the_command_shows_its_result_without_a_report(json, tmp_path, monkeypatch, capsys):
    for name in ("wake_keras", "load_problem", "check_model"):
        monkeypatch.setattr(_compare, name, lambda *arguments: None)
    monkeypatch.setattr(_compare, "run_comparison", lambda *arguments, **options: comparison_of(1))
    # The folder is fine when it is looked at, and full in the end.
    monkeypatch.setattr(_compare, "write_report", lambda result, out: FullDisk(monkeypatch, 0) and result.save(out))
    code = run(["compare", "--out", str(tmp_path / "report"), *(["--json"] if json else [])])
    shown = capsys.readouterr()
    assert code == 2
    assert "pcgrad" in shown.out
    (line,) = shown.err.strip().splitlines()
    assert f"Cannot write '{tmp_path / 'report' / 'results.json'}': No space left on device." in line
    assert f"are in {tmp_path / 'report'}" in line
    assert "give the same command again: multiloss" in line


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_other_refusals_of_the_system(code, tmp_path, monkeypatch):
    FullDisk(monkeypatch, 0, code)
    with pytest.raises(OSError, match=r"results\.json") as caught:
        comparison_of(1).save(tmp_path)
    assert caught.value.errno == code

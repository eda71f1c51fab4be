"""Bytes that turn and files that end early: refused or set aside in one line, and never read as other numbers."""

import warnings

import numpy as np
import pytest
from injected import Counts
from stored_files import KINDS

from multiloss._core.stored import StorageWarning
from multiloss.experiments import Comparison

pytestmark = pytest.mark.one_backend

FLIPS, CUTS = 60, 12
READ = [name for name, kind in KINDS.items() if kind.read]


def damages(content, generator):
    """The content with one byte turned, and cut off somewhere."""
    for place in generator.integers(0, len(content), FLIPS):
        turned = bytearray(content)
        turned[place] ^= 1 << generator.integers(0, 8)
        yield f"byte {place}", bytes(turned)
    for place in [0, 1, len(content) - 1, *generator.integers(2, len(content) - 1, CUTS - 3)]:
        yield f"cut at {place}", content[:place]


def outcome(kind, folder, path, truth):
    """Whether the file is read as what was written, or refused in one line that names it."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = kind.read(folder)
        except ValueError as error:
            return path.name in str(error) and "\n" not in str(error)
    if found == truth:
        return not told
    # Nothing is said of what cannot be read, but that.
    (warning,) = told
    return found is None and warning.category is StorageWarning and path.name in str(warning.message)


@pytest.mark.parametrize("name", READ)
def test_a_damaged_file_never_gives_other_numbers(name, tmp_path):
    kind, counts = KINDS[name], Counts("byte turned, or end lost")
    kind.write(tmp_path, 1)
    (path,) = tmp_path.glob(kind.pattern)
    content, truth = path.read_bytes(), kind.read(tmp_path)
    assert truth
    for what, damaged in damages(content, np.random.default_rng(13)):
        path.write_bytes(damaged)
        counts.add(name, outcome(kind, tmp_path, path, truth), what)
    counts.check()


@pytest.mark.parametrize("name", ["run", "predictions of a run"])
def test_what_is_set_aside_is_kept_and_its_place_is_free(name, tmp_path):
    kind = KINDS[name]
    for number in (1, 2):
        kind.write(tmp_path, 1)
        (path,) = tmp_path.glob(kind.pattern)
        path.write_bytes(b"half")
        with pytest.warns(StorageWarning, match=r"set aside as .*\.unreadable"):
            assert kind.read(tmp_path) is None
        assert not path.exists()
        assert len(list(path.parent.glob(f"{path.name}.unreadable*"))) == number
    kind.write(tmp_path, 2)
    assert kind.read(tmp_path)


def test_results_without_a_checksum_are_read(tmp_path):
    """Those of before, and what other programs write."""
    (tmp_path / "results.json").write_text(
        '{"problem": "p", "baseline": "a", "score": {"mae": "min"}, "runs": [{"balancer": "a", "seed": 0}]}'
    )
    assert Comparison.load(tmp_path).balancers == ["a"]
    (tmp_path / "results.json").write_text('{"problem": "p", "runs": 3}')
    with pytest.raises(ValueError, match=r"results\.json' is damaged"):
        Comparison.load(tmp_path)

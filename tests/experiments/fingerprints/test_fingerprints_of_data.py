"""Data are known by every byte of arrays, and by what other data sets give when they are read."""

import datetime

import keras
import numpy as np
import pytest

from multiloss.experiments.fingerprints import _arrays, _data_sets, digest, fingerprint

pytestmark = pytest.mark.one_backend

LONG = np.arange(3000.0).reshape(1000, 3)
MASK = np.zeros((4, 2), bool)
RECORDS = np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i4"), ("b", "f8")])
DATES = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")


def with_entry(array, place, value):
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LONG, with_entry(LONG, (301, 1), -1.0)),
        (LONG, with_entry(LONG, (999, 2), np.nextafter(2999.0, 0.0))),
        (LONG, LONG.astype("float32")),
        (LONG, LONG.reshape(3, 1000)),
        (LONG.T, with_entry(LONG, (301, 1), -1.0).T),
        (np.zeros(0), np.zeros((0, 3))),
        (np.array(1.0), np.array([1.0])),
        (np.array(["a", "b"]), np.array(["a", "c"])),
        (np.array(["a", 2, None], dtype=object), np.array(["a", 3, None], dtype=object)),
        (np.array([[1], [2, 3]], dtype=object), np.array([[1, 2], [3]], dtype=object)),
        (DATES, DATES + 1),
        (RECORDS, with_entry(RECORDS, 1, (3, 5.0))),
        (np.array([1 + 2j]), np.array([1 + 3j])),
        (np.array([1.0], "longdouble"), np.array([1.0], "longdouble") + np.longdouble(2.0) ** -60),
        (np.ma.MaskedArray(MASK, MASK), np.ma.MaskedArray(MASK, with_entry(MASK, (0, 0), True))),
        (np.ma.MaskedArray(MASK, MASK), MASK),
        ((LONG, {"a": LONG}), (LONG, {"b": LONG})),
        ((LONG, None), (LONG, LONG)),
        ({"a": {"b": LONG}}, {"a": {"c": LONG}}),
        ([[1.0, 2.0], [3.0]], [[1.0], [2.0, 3.0]]),
        (datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)),
    ],
)
def test_every_entry_of_arrays_counts(first, second):
    assert digest(first) != digest(second)
    assert not fingerprint({"data": (first, second)}).unread


@pytest.mark.parametrize("array", [LONG, DATES, RECORDS, np.zeros((0, 3))], ids=lambda array: str(array.dtype))
def test_how_an_array_lies_in_memory_does_not_count(array, tmp_path):
    if array.dtype.names is None:
        assert digest(np.asfortranarray(array)) == digest(array)
    assert digest(np.stack([array, array], axis=-1)[..., 0]) == digest(array)
    if array.size:
        np.save(tmp_path / "array.npy", array)
        mapped = np.load(tmp_path / "array.npy", mmap_mode="r")
        assert digest(mapped) == digest(array)


def test_large_arrays_are_read_in_chunks(monkeypatch):
    whole = digest(LONG.T), digest(LONG[::2]), digest(LONG[:, :1])
    monkeypatch.setattr(_arrays, "_CHUNK", 100)
    assert (digest(LONG.T), digest(LONG[::2]), digest(LONG[:, :1])) == whole
    assert digest(with_entry(LONG, (998, 0), -1.0)[::2]) != whole[1]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables_are_known_by_their_columns(library):
    frames = pytest.importorskip(library)

    def frame(name="size", last=3.0):
        return frames.DataFrame({name: [1.0, 2.0, last], "word": ["a", "b", "c"]})

    assert digest(frame()) == digest(frame())
    assert digest(frame()) != digest(frame(last=4.0))
    assert digest(frame()) != digest(frame(name="weight"))
    assert digest(frame()["size"]) != digest(frame(last=4.0)["size"])
    if library == "pandas":
        assert digest(frame().set_index(np.array([7, 8, 9]))) == digest(frame())


class Items(keras.utils.PyDataset):
    """Three batches."""

    factor = 1.0

    def __init__(self, value=1.0, noise=None, later=0.0):
        super().__init__()
        self.value = value
        self.noise = noise
        self.later = later

    def __len__(self):
        return 3

    def __getitem__(self, index):
        noise = 0.0 if self.noise is None else self.noise.normal()
        return np.full((2, 1), index + self.value + noise), {"size": np.full((2, 1), self.factor)}

    def on_epoch_end(self):
        self.value += self.later


class Other(Items):
    factor = 2.0


class Endless(Items):
    """Without a length."""

    @property
    def num_batches(self):
        return None


def test_a_py_dataset_is_known_by_its_items_and_by_what_comes_later():
    assert digest(Items()) == digest(Items())
    assert digest(Items()) != digest(Items(2.0))
    assert digest(Items()) != digest(Other())
    assert digest(Items()) != digest(Items(later=1.0))
    assert not fingerprint({"training data": Items()}).unread


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: Items(noise=np.random.default_rng(0)), "gives something else each time"),
        (Endless, "without end"),
        (lambda: (each for each in [1]), "can be read once only"),
    ],
)
def test_what_cannot_be_known_of_a_data_set_is_said(made, why):
    found = fingerprint({"training data": made()})
    assert len(found.unread) == 1
    assert why in found.unread[0]
    assert found.unread[0].startswith("training data is a ")


def test_a_data_set_that_takes_too_long_counts_as_unread(monkeypatch):
    monkeypatch.setattr(_data_sets, "BUDGET", 0.0)
    assert "not read within 0 seconds" in fingerprint({"training data": Items()}).unread[0]


def test_noise_that_the_seed_decides_is_known():
    class Noisy(Items):
        def __getitem__(self, index):
            return np.random.normal(size=(2, 1)) + self.value

    assert not fingerprint({"training data": Noisy()}).unread
    assert digest(Noisy()) != digest(Noisy(2.0))


def test_a_reader_s_own_fingerprint_is_enough():
    def told(text):
        data = Items(noise=np.random.default_rng(0))
        data.fingerprint = text
        return data

    assert not fingerprint({"training data": told("1")}).unread
    assert digest(told("1")) == digest(told("1"))
    assert digest(told("1")) != digest(told("2"))


def test_a_loader_is_known_by_its_batches():
    torch = pytest.importorskip("torch")
    data = torch.utils.data

    def loader(value=1.0, **options):
        tensors = torch.arange(8.0)[:, None] * value, torch.ones(8, 1)
        return data.DataLoader(data.TensorDataset(*tensors), **{"batch_size": 4, **options})

    known = [loader(), loader(2.0), loader(batch_size=2), loader(shuffle=True), loader(collate_fn=lambda rows: rows[0])]
    assert len({digest(each) for each in known}) == len(known)
    assert digest(loader()) == digest(loader())
    assert digest(loader(shuffle=True)) == digest(loader(shuffle=True))
    assert not fingerprint({"training data": known}).unread

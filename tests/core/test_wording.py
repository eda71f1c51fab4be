"""Numbers, names and tables as people read them."""

import math

import pytest

from multiloss._core.wording import (
    aligned,
    counted,
    listed,
    memory,
    milliseconds,
    names,
    number,
    percent,
    rounded,
    seconds,
    signed_percent,
    significant,
)

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize(
    ("value", "in_a_sentence", "in_a_column"),
    [
        (None, "–", "–"),
        (math.nan, "–", "–"),
        (-math.inf, "−∞", "−∞"),
        (0.0, "0", "0"),
        (0.98765, "0.988", "0.9877"),
        (0.25, "0.25", "0.2500"),
        (12.3456, "12.3", "12.35"),
        (-3.0, "−3", "−3.000"),
        (100.0, "100", "100.0"),
        (123456.0, "123456", "123456"),
        (0.0005, "0.0005", "0.0005000"),
        (1.5e-7, "1.5e−7", "1.500e−7"),
        (2.0e7, "2e7", "2.000e7"),
    ],
)
def test_numbers(value, in_a_sentence, in_a_column):
    assert number(value) == in_a_sentence
    assert significant(value) == in_a_column


def test_what_is_typed_is_a_plain_number():
    assert [repr(rounded(value)) for value in (-0.01234, 98765.0)] == ["-0.012", "99000.0"]


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.25, "25 %"),
        (0.98, "98.0 %"),
        (0.9998, "99.98 %"),
        (1e-6, "less than 0.01 %"),
        (1.0 - 1e-6, "more than 99.99 %"),
    ],
)
def test_parts(part, shown):
    assert percent(part) == shown


def test_changes():
    assert [signed_percent(value) for value in (None, 0.1234, -0.0123)] == ["–", "+12.3 %", "−1.2 %"]


def test_times_and_sizes():
    assert [seconds(value) for value in (None, 12.34)] == ["–", "12.3 s"]
    assert [milliseconds(value) for value in (None, 0.00321)] == ["–", "3.21 ms"]
    sizes = (None, 0, 16, 258_000, 3_200_000, 5e9)
    assert [memory(size) for size in sizes] == ["–", "0 B", "16 B", "258 kB", "3.2 MB", "5 GB"]


def test_counts_and_names():
    assert [counted(count, "trial") for count in (0, 1, 3)] == ["0 trials", "1 trial", "3 trials"]
    assert counted(2, "batch", "batches") == "2 batches"
    assert [listed(parts) for parts in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert names(["hit", "far"]) == "`hit` and `far`"


def test_tables_as_text():
    rows = [("term", "loss"), ("a", "1"), ("long name", "10")]
    assert aligned(rows) == ["term       loss", "a          1", "long name  10"]
    assert aligned(rows, numbers=True) == ["term       loss", "a             1", "long name    10"]

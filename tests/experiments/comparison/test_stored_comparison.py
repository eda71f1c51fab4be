"""What is written: the schema, strict JSON, and the way back."""

import csv
import json
import math

import numpy as np
import pytest

from multiloss._core.strict_json import finite
from multiloss.experiments import Comparison, Run, Samples

pytestmark = pytest.mark.one_backend


@pytest.fixture
def comparison():
    runs = [
        Run(
            balancer,
            seed,
            {"mae": value + 0.1 * seed, "other": None},
            seconds_per_step=0.01,
            history={"mae": [None, value]},
            settings="abc",
        )
        for balancer, value in (("fixed", 2.0), ("a, b", 1.0))
        for seed in range(2)
    ] + [Run("broken", 0, error='ValueError: "no"\nsecond line')]
    samples = Samples(
        {"image": np.arange(6.0).reshape(2, 3)}, {"m/n": np.array([1, 2])}, {"a, b": {"m/n": np.ones((2, 4))}}, seed=5
    )
    return Comparison("made", "fixed", {"mae": "min"}, runs, {"epochs": 2}, "A description.", samples)


def test_schema(comparison):
    data = comparison.to_dict()
    assert {"problem", "baseline", "runs", "summary"} <= set(data)
    for run in data["runs"]:
        assert {"balancer", "seed", "metrics", "improvement", "seconds_per_step"} <= set(run)
        assert isinstance(run["metrics"], dict)
    assert [entry["rank"] for entry in data["summary"]] == [1, 2, None]
    assert {entry["balancer"] for entry in data["summary"]} == {"fixed", "a, b", "broken"}
    assert (data["interval"]["method"], data["interval"]["confidence"]) == ("Student t over seeds", 0.95)
    assert data["interval"]["correction"] == "Holm"


def test_results_are_strict_json(comparison, tmp_path):
    path = comparison.save(tmp_path / "new" / "folder")

    def refuse(token):
        raise AssertionError(f"{token} is no JSON")

    data = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert data.pop("checksum")
    assert data == comparison.to_dict()
    assert data["runs"][0]["history"]["mae"] == [None, 2.0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan"), None])
def test_what_is_not_finite_becomes_null(value):
    assert finite(value) is None


def test_save_and_load(comparison, tmp_path):
    comparison.save(tmp_path)
    again = Comparison.load(tmp_path)
    assert again.to_dict() == comparison.to_dict()
    assert again.runs == comparison.runs
    np.testing.assert_array_equal(again.samples.inputs["image"], comparison.samples.inputs["image"])
    np.testing.assert_array_equal(again.samples.predictions["a, b"]["m/n"], np.ones((2, 4)))
    assert again.samples.targets["m/n"].dtype == np.array([1, 2]).dtype
    assert again.samples.seed == 5


def test_table_holds_every_run(comparison, tmp_path):
    comparison.save(tmp_path)
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["balancer"] for row in rows] == ["fixed", "fixed", "a, b", "a, b", "broken"]
    assert float(rows[3]["mae"]) == pytest.approx(1.1)
    assert rows[4]["error"] == 'ValueError: "no"\nsecond line'


def test_tables_hold_what_the_json_holds(comparison, tmp_path):
    comparison.save(tmp_path)
    tables = {}
    for name in ("summary", "epochs"):
        with (tmp_path / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            tables[name] = list(csv.DictReader(file))
    for row, standing in zip(tables["summary"], comparison.to_dict()["summary"], strict=True):
        assert (row["balancer"], row["verdict"]) == (standing["balancer"], standing["verdict"])
        assert row["sentence"] == standing["sentence"]
        for column, number in (
            ("improvement", standing["improvement"]["mean"]),
            ("improvement_low", (standing["improvement"]["interval"] or [None])[0]),
            ("p_value", standing["p_value"]),
            ("mae", standing["metrics"]["mae"]["mean"]),
            ("mae_change", standing["changes"]["mae"]["mean"]),
        ):
            assert row[column] == ("" if number is None else str(number))
    assert [row["value"] for row in tables["epochs"] if row["balancer"] == "fixed" and row["seed"] == "1"] == [
        "",
        "2.0",
    ]


def test_load_says_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match=r"results\.json.*Received"):
        Comparison.load(tmp_path)

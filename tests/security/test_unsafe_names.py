"""Names of the user's that mean something to a file system, a page, a spreadsheet, a picture or a terminal."""

import csv
import io
import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from multiloss._core.file_names import file_part
from multiloss.cli._findings import print_diagnosis
from multiloss.cli._result_table import print_result
from multiloss.cli._tuning_table import print_tuning
from multiloss.diagnostics import Diagnosis, Finding, TermReport
from multiloss.experiments import Comparison, Run, Samples
from multiloss.experiments.runs import RunStore, Trained
from multiloss.experiments.tuning import Candidate, TrialRecord, Tuning
from multiloss.experiments.tuning._objective import TrialObjective
from multiloss.reporting import write_diagnosis, write_report, write_tuning
from multiloss.reporting._comparison_page import render_comparison

pytestmark = pytest.mark.one_backend

ODD = [
    "../../outside",
    "/etc/outside",
    "C:\\outside",
    "nul\0",
    "CON",
    "con",
    "a b",
    "a-b",
    "a_b",
    "A-B",
    "a--b",
    "trailing...",
    "trailing ",
    ".",
    "..",
    "ä",
    "a\u0308",
    "😀",
    "\u202egnp",
    "two\nlines",
    "x" * 500,
    "x" * 501,
    "<script>alert(1)</script>",
    "</script><b>",
    "\"onmouseover='x'",
    "{{ 7 * 7 }}",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "$\\frac{$",
    "[/red][bold]",
    "_hidden",
    "%s %(x)s {0}",
    ',;"',
    "caf\udce9",
]


def test_two_labels_never_share_a_file():
    parts = [file_part(name) for name in ODD]
    # Of a system that does not tell capitals from small letters, too.
    assert len({part.lower() for part in parts}) == len(ODD)
    for part in parts:
        assert re.fullmatch(r"[a-z0-9_-]{1,80}", part)


def test_runs_of_any_label_stay_in_the_folder_and_come_back(tmp_path):
    store = RunStore(tmp_path / "kept")
    for place, label in enumerate(ODD):
        run = Run(label, 0, {"mae": float(place)}, settings="abc")
        store.keep(Trained(run, {label: np.full(2, place)}))
    for place, label in enumerate(ODD):
        assert store.find(label, 0, "abc").metrics == {"mae": place}
        np.testing.assert_array_equal(store.predictions(label, 0, "abc")[label], [place, place])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent for path in files} == {tmp_path / "kept" / "runs"}
    assert len([path for path in files if path.suffix in (".json", ".npz")]) == 2 * len(ODD)


def test_a_run_of_another_label_is_not_taken(tmp_path):
    store = RunStore(tmp_path)
    store.keep(Trained(Run("a", 0, {"mae": 1.0}, settings="abc"), {}))
    (path,) = (tmp_path / "runs").glob("a-*.json")
    path.rename(path.with_name(path.name.replace("a-seed", "b-seed")))
    assert store.find("b", 0, "abc") is None


def comparison(name):
    """A comparison in which everything that a user may name is called so."""
    label = f"{name} again"
    runs = [
        Run(
            balancer,
            seed,
            {name: 0.5 + 0.1 * place + 0.01 * seed},
            seconds_per_step=0.01,
            seconds=1.0,
            history={
                log: [1.0, 0.5]
                for log in ("loss", "val_loss", f"{name}_loss", f"val_{name}_loss", f"{name}_weight", f"val_{name}")
            },
        )
        for place, balancer in enumerate((name, label))
        for seed in range(2)
    ]
    picture = np.linspace(0.0, 1.0, 32).reshape(2, 4, 4, 1)
    samples = Samples({name: picture}, {name: picture}, {balancer: {name: picture} for balancer in (name, label)})
    about = {balancer: {"name": name, "summary": name, "paper": name, "needs": "losses"} for balancer in (name, label)}
    settings = {"epochs": 2, "versions": {}, "backend": name, "balancers": about, "machine": name}
    return Comparison(name, name, {name: "min"}, runs, settings, name, samples)


def tuning(name):
    trials = tuple(
        TrialRecord(
            number,
            name,
            "finished",
            (0.1 * number,),
            Candidate({name: 1.0 + number, "other": 1.0, "third": 2.0}, name, {name: 0.5}),
            {name: 0.1 * number},
            2,
            1.0,
            name,
        )
        for number in range(12)
    )
    settings = {"epochs": 2, "sampler": name, "ranges": {}, "versions": {}, "study": name, "balancers": [name]}
    return Tuning(name, "bayesian", TrialObjective({name: "max"}), trials, name, settings, description=name)


def diagnosis(name):
    numbers = dict.fromkeys(("weight", "loss", "loss_spread", "contribution", "gradient_norm", "own_norm"), 1.0)
    parts = dict.fromkeys(("gradient_share", "labelled", "present", "worsened"), 0.5)
    summary = {"labels": 4, "mean": 1.5, "std": 0.5, "min": 0.0, "max": 3.0}
    terms = tuple(
        TermReport(term, name, True, **numbers, **parts, layers=(name,), targets=summary)
        for term in (name, f"{name} again")
    )
    findings = tuple(
        Finding(severity, name, (name,), f"`{name}` is {name} by 3.", f"Write `{name}`, or {name}.")
        for severity in ("error", "warning", "hint", "fine")
    )
    alike = np.ones((2, 2))
    settings = {"batches": 3, "samples": 48, "batch_size": 16, "seed": 0, "versions": {name: name}, "backend": name}
    condition = {"raw": 9.0, "normalised": 2.0}
    return Diagnosis(name, terms, findings, alike, 0.0 * alike, alike, condition, (name,), settings, name)


# Several oddities in each: a report takes a second to draw.
SHOWN = [
    "../../out </script><b> $\\frac{$ [/red] {{ 7 * 7 }} %s {0}",
    "_ä\u202e😀 nul\0 \n C:\\x/CON",
    "\"'onload=x & <!-- " + "x" * 200,
]
PICTURES = {
    "shares",
    "cosines",
    "changes",
    "losses",
    "weights",
    "samples",
    "history",
    "slices",
    "contour",
    "parallel",
    "importance",
}
TAG = re.compile(r"<[/!]?[a-zA-Z][\w-]*")


REPORTS = {
    "compare": (comparison, write_report),
    "tune": (tuning, write_tuning),
    "diagnose": (diagnosis, write_diagnosis),
}


@pytest.fixture(scope="module", params=REPORTS.values(), ids=REPORTS)
def report_of(request, tmp_path_factory):
    """Makes and writes a report, with the tags of one whose names are plain."""
    make, write = request.param
    plain = write(make("plain"), tmp_path_factory.mktemp("plain")).read_text(encoding="utf-8")
    return make, write, TAG.findall(plain)


@pytest.mark.parametrize("name", SHOWN, ids=["paths", "signs", "long"])
def test_a_report_about_anything_is_written_into_its_folder_alone(tmp_path, report_of, name):
    make, write, tags = report_of
    folder = tmp_path / "report"
    page = write(make(name), folder).read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    tables = {"report.html", "results.json", "results.csv", "summary.csv", "epochs.csv", "samples.npz"}
    assert files <= tables | {f"pictures/{picture}.png" for picture in PICTURES}
    # Nothing of the name is markup: the page has the tags that it has for a plain name.
    assert TAG.findall(page) == tags
    assert page.count("</script>") == 1
    json.loads((folder / "results.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("make", [comparison, tuning, diagnosis])
def test_no_cell_of_a_table_is_a_formula(tmp_path, make):
    for name in ("=1+2", "+1", "-1", "@x", "\t=1", "\r=1"):
        result = make(name)
        result.save(tmp_path)
        for path in tmp_path.glob("*.csv"):
            with path.open(newline="", encoding="utf-8") as file:
                cells = list(itertools.chain(*csv.reader(file)))
            assert not [cell for cell in cells if cell.startswith(tuple("=+@\t\r"))], path
            assert f"'{name}" in cells
        # In JSON names are as they are.
        assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["problem"] == name


@pytest.mark.parametrize("name", ["[/red]", "[bold]x", "\\[", ":smile:"])
def test_the_terminal_shows_names_as_they_are(name):
    for made, show in (
        (comparison(name), print_result),
        (tuning(name), print_tuning),
        (diagnosis(name), print_diagnosis),
    ):
        console = Console(width=200, record=True, file=io.StringIO())
        show(made, console)
        assert name in console.export_text()


def test_a_name_of_five_hundred_signs_is_shown_whole_in_the_page():
    name = "long" * 125
    assert name in render_comparison(replace(comparison("plain"), problem=name), [])

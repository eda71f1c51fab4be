"""The page of a diagnosis: whole, escaped, and saying what the diagnosis says."""

import dataclasses

import numpy as np
import pytest
from test_report import Page

from multiloss._core.stored import read_checked
from multiloss.diagnostics import Diagnosis, Finding, TermReport
from multiloss.reporting import write_diagnosis
from multiloss.reporting._diagnosis_pictures import draw_cosines, draw_shares
from multiloss.reporting._theme import DARK, LIGHT

pytestmark = pytest.mark.one_backend

NAN = float("nan")


def report(name, share, **changes):
    known = TermReport(
        name=name,
        reads=f"mse on {name}",
        balanced=True,
        weight=1.0,
        loss=12.5,
        loss_spread=0.25,
        contribution=0.5,
        gradient_norm=3.0,
        gradient_share=share,
        own_norm=3.5,
        labelled=0.75,
        present=1.0,
        worsened=0.0,
        layers=("trunk", f"head_{name}"),
        targets={"labels": 40, "mean": 1.5, "std": 0.5, "min": 0.0, "max": 3.0},
    )
    return dataclasses.replace(known, **changes)


def make(terms=None, findings=None, condition=(9.0, 2.0)):
    terms = terms or (report("<b>size</b>", 0.98), report("kind", 0.02, targets={}), report("gone", NAN, loss=NAN))
    count = len(terms)
    cosines = np.full((count, count), NAN)
    cosines[:2, :2] = np.array([[1.0, -0.4], [-0.4, 1.0]])[:count, :count]
    findings = findings or (
        Finding("error", "dominance", ("kind",), "`kind` is <wrong> by 3.", 'Write `ml.Term("mse")`.'),
        Finding("hint", "large inputs", (), "Inputs are large."),
    )
    return Diagnosis(
        problem="tiny & small",
        terms=tuple(terms),
        findings=tuple(findings),
        cosines=cosines,
        conflicts=np.where(np.isnan(cosines), NAN, cosines < 0).astype("float64"),
        similarities=np.ones((count, count)),
        condition={"raw": condition[0], "normalised": condition[1]},
        shared=("trunk",),
        settings={"batches": 3, "samples": 48, "batch_size": 16, "versions": {"keras": "3.15.1"}, "backend": "jax"},
        description="Made <by hand>.",
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diagnosis") / "new"
    diagnosis = make()
    path = write_diagnosis(diagnosis, folder)
    text = path.read_text(encoding="utf-8")
    return diagnosis, folder, text, Page(text)


def test_page_is_whole_and_needs_nothing_else(written):
    _, folder, text, page = written
    assert text.startswith("<!doctype html>")
    assert page.open == []
    assert page.resources
    assert all(address.startswith("data:image/png;base64,") for address in page.resources)
    assert {path.name for path in (folder / "pictures").iterdir()} == {"shares.png", "cosines.png"}


def test_findings_come_first_with_what_to_do(written):
    diagnosis, _, text, page = written
    assert diagnosis.headline in page.text
    assert page.text.index("is <wrong> by 3.") < page.text.index("What to do next") < page.text.index("The terms")
    assert "&lt;wrong&gt;" in text
    assert "<code>ml.Term(&#34;mse&#34;)</code>" in text
    for step in diagnosis.next_steps:
        assert step.split("`")[0].strip() in page.text


def test_the_users_text_is_escaped(written):
    _, _, text, page = written
    assert "<b>size</b>" not in text
    assert "&lt;b&gt;size&lt;/b&gt;" in text
    assert "Made <by hand>." in page.text


def test_tables_hold_the_numbers(written):
    _, _, _, page = written
    cells = [attributes["data-value"] for _, attributes in page.tags if "data-value" in attributes]
    assert "0.98" in cells
    assert "12.5" in cells
    assert "" in cells  # the term without numbers stays last when sorted
    assert "98.0 %" in page.text
    assert "1.5 ± 0.5" in page.text
    assert "9 as they are, 2 with all lengths made equal" in page.text
    assert "head_kind" in page.text


def test_the_same_content_as_json_and_csv(written):
    diagnosis, folder, _, _ = written
    assert read_checked(folder / "results.json") == diagnosis.to_dict()
    assert (folder / "results.csv").read_text().splitlines()[2].startswith("kind,")


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_pictures_show_what_is_there(theme):
    axes = draw_shares(make(), theme).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["<b>size</b>", "kind"]
    widths = sorted(bar.get_width() for bar in axes.patches)
    np.testing.assert_allclose(widths, [2.0, 50.0, 50.0, 98.0])
    matrix = draw_cosines(make(), theme).axes[0]
    np.testing.assert_array_equal(matrix.images[0].get_array(), [[1.0, -0.4], [-0.4, 1.0]])
    assert "−0.40" in [text.get_text() for text in matrix.texts]
    assert "100 %" in [text.get_text() for text in matrix.texts]


def test_one_term_has_no_pictures(tmp_path):
    diagnosis = make(terms=[report("alone", 1.0)], condition=(NAN, NAN))
    page = Page(write_diagnosis(diagnosis, tmp_path).read_text(encoding="utf-8"))
    assert page.resources == []
    assert "Condition number" not in page.text


def test_a_diagnosis_without_gradients_is_drawn(tmp_path):
    empty = dict.fromkeys(("loss", "loss_spread", "contribution", "gradient_norm", "own_norm", "labelled"), NAN)
    terms = [report(name, NAN, layers=(), worsened=NAN, **empty) for name in ("a", "b")]
    diagnosis = dataclasses.replace(make(terms=terms, condition=(NAN, NAN)), cosines=np.full((2, 2), NAN), shared=())
    page = Page(write_diagnosis(diagnosis, tmp_path).read_text(encoding="utf-8"))
    assert page.resources == []
    assert "nan" not in page.text.lower()

"""The reports in a real browser: drawn, sortable, light and dark, wide and narrow, and without a network."""

import pytest
from browser import check, needs_browser
from test_diagnosis_report import make as make_diagnosis
from test_tuning_report import make_tuning

from multiloss.reporting import write_diagnosis, write_report, write_tuning

pytestmark = pytest.mark.one_backend


@pytest.fixture(scope="module")
def report(make_comparison, tmp_path_factory):
    comparison = make_comparison()
    return comparison, write_report(comparison, tmp_path_factory.mktemp("report"))


@needs_browser
def test_comparison_in_a_browser(report):
    comparison, path = report
    sight = check(path)
    assert comparison.headline in sight.text
    assert len(sight.images) == 4
    assert [len(table) for table in sight.sorted] == [8 + len(comparison.score), 6 + len(comparison.score)]
    for word in ("What was run", "What came out", "What to do next", "Every run"):
        assert word in sight.text


@needs_browser
def test_diagnosis_in_a_browser(tmp_path):
    sight = check(write_diagnosis(make_diagnosis(), tmp_path))
    assert sight.images
    assert "Made <by hand>." in sight.text


@needs_browser
def test_tuning_in_a_browser(tmp_path):
    tuning = make_tuning()
    sight = check(write_tuning(tuning, tmp_path))
    assert sight.images
    assert tuning.headline in sight.text


@needs_browser
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</body>", '<img src="https://example.org/a.png" alt="Something that is not there at all."></body>'),
        ("</body>", '<p style="width: 3000px">wide</p></body>'),
        ('head.addEventListener("click", sort)', ""),
        ("data:image/png;base64,iVBOR", "data:image/png;base64,AAAAA"),
        ("(Number(x) - Number(y))", "0"),
    ],
    ids=["network", "too wide", "no sorting", "broken pictures", "not in order"],
)
def test_what_is_wrong_is_seen(old, new, report, tmp_path):
    """The check itself: a page with one fault does not pass."""
    text = report[1].read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "report.html"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(AssertionError):
        check(path)

"""The page: whole, self-contained, escaped, and saying what the comparison says."""

import base64
import re
from html.parser import HTMLParser

import pytest

from multiloss.experiments import Comparison
from multiloss.reporting import write_report

pytestmark = pytest.mark.one_backend

VOID = {"meta", "img", "source", "br", "wbr", "link", "input", "hr"}


class Page(HTMLParser):
    """Collects tags, addresses and text, and checks that tags are closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.resources, self.words = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name == "href":
                (self.links if tag == "a" else self.resources).append(value)
            elif name in ("src", "srcset", "data", "poster", "action"):
                self.resources.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def written(make_comparison, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "new"
    comparison = make_comparison()
    path = write_report(comparison, folder)
    text = path.read_text(encoding="utf-8")
    return comparison, folder, text, Page(text)


def test_page_is_well_formed(written):
    _, folder, text, page = written
    assert text.startswith("<!doctype html>")
    assert page.open == []
    assert (folder / "report.html").is_file()


def test_page_needs_nothing_else(written):
    _, _, text, page = written
    assert page.resources
    assert all(address.startswith("data:image/png;base64,") for address in page.resources)
    assert all(address.startswith("https://arxiv.org/abs/") for address in page.links)
    assert "@import" not in text
    assert "url(" not in text
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(", text)
    assert not [tag for tag, attributes in page.tags if tag == "script" and "src" in attributes]


def test_page_holds_every_picture(written):
    _, folder, _, page = written
    files = {path.name: path.read_bytes() for path in (folder / "pictures").iterdir()}
    assert set(files) == {"changes.png", "losses.png", "weights.png", "samples.png"}
    shown = [attributes for tag, attributes in page.tags if tag == "img"]
    held = [base64.b64decode(attributes["src"].split(",", 1)[1]) for attributes in shown]
    assert sorted(held) == sorted(files.values())
    assert all(png.startswith(b"\x89PNG\r\n\x1a\n") for png in held)
    assert all(len(attributes["alt"]) > 40 for attributes in shown)


def test_every_picture_has_one_for_the_dark(written):
    page = written[3]
    light = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    dark = [attributes for tag, attributes in page.tags if tag == "source"]
    assert all(attributes["media"] == "(prefers-color-scheme: dark)" for attributes in dark)
    assert len({attributes["srcset"] for attributes in dark} - set(light)) == len(light)


def test_page_says_what_the_comparison_says(written):
    comparison, _, _, page = written
    assert page.text.index(comparison.headline) < page.text.index("What was run")
    for standing in comparison.summary:
        assert standing.sentence in page.text
    for step in comparison.next_steps:
        assert step.split("`")[0].strip() in page.text
    assert "Made <by hand>." in page.text
    assert "term 'mask' <is> not finite" in page.text
    assert "0.9" in page.text


def test_text_of_the_user_is_escaped(written):
    _, _, text, page = written
    assert "<b>other</b>" not in text
    assert "&lt;b&gt;other&lt;/b&gt;" in text
    assert "<b>other</b>" in page.text


def test_tables_carry_plain_numbers_for_sorting(written):
    comparison, _, _, page = written
    tables = [attributes for tag, attributes in page.tags if tag == "table" and attributes.get("class") == "sortable"]
    assert len(tables) == 2
    values = {attributes["data-value"] for tag, attributes in page.tags if tag == "td" and "data-value" in attributes}
    assert repr(comparison.runs[0].metrics["amount_mae"]) in values


def test_one_seed_and_one_balancer(make_comparison, tmp_path):
    comparison = make_comparison(seeds=1, failed=False, balancers=(("fixed", 1.0),))
    page = Page(write_report(comparison, tmp_path).read_text(encoding="utf-8"))
    assert comparison.headline in page.text
    # Nothing to compare with: no picture of changes.
    assert not (tmp_path / "pictures" / "changes.png").exists()


def test_a_comparison_without_a_finished_run(make_comparison, tmp_path):
    comparison = make_comparison(balancers=())
    page = Page(write_report(comparison, tmp_path).read_text(encoding="utf-8"))
    assert "did not finish a single run" in page.text


def test_a_stored_comparison_gives_the_same_page(written, tmp_path):
    comparison, _, text, _ = written
    comparison.save(tmp_path)
    path = write_report(Comparison.load(tmp_path), tmp_path)
    assert path.read_text(encoding="utf-8") == text

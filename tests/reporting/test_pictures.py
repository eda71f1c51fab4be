"""What the pictures show, read from matplotlib's own objects."""

import dataclasses
import io
import sys

import numpy as np
import pytest

from multiloss.experiments import Estimate, Samples
from multiloss.reporting import _change_bars, _loss_curves, _sample_pictures, _sample_plots, _weight_curves
from multiloss.reporting._canvas import as_png
from multiloss.reporting._change_rows import draw_change_rows
from multiloss.reporting._comparison_pictures import draw_comparison
from multiloss.reporting._displayed import the_best
from multiloss.reporting._filters import blank, chance, half_width, with_code
from multiloss.reporting._theme import DARK, LIGHT

pytestmark = pytest.mark.one_backend


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def brightness(png):
    import matplotlib.image

    return float(matplotlib.image.imread(io.BytesIO(png))[..., :3].mean())


def test_loss_curves_have_a_panel_for_each_term(make_comparison):
    comparison = make_comparison()
    figure = _loss_curves.draw_loss_curves(comparison, LIGHT)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:-1] == comparison.terms
    lines = figure.axes[0].get_lines()
    assert len(lines) == 4  # two balancers, validation and training
    np.testing.assert_allclose(lines[0].get_ydata(), comparison.curve("fixed", "val_mask_loss").mean)
    assert [line.get_label() for line in figure.legends[0].get_lines()] == [
        "fixed",
        "<b>other</b>",
        "validation",
        "training",
    ]
    assert all(axes.get_xlabel() == "epoch" and "loss" in axes.get_ylabel() for axes in figure.axes)


def test_weights_and_shares(make_comparison):
    comparison = make_comparison()
    figure = _weight_curves.draw_weights(comparison, LIGHT)
    upper = figure.axes[:2]
    assert [axes.get_title(loc="left") for axes in upper] == ["fixed", "<b>other</b>"]
    assert upper[0].get_yscale() == "log"
    for line, term in zip(upper[0].get_lines(), comparison.terms, strict=True):
        np.testing.assert_allclose(line.get_ydata(), comparison.curve("fixed", f"{term}_weight").mean)
    assert all(len(axes.collections) == len(comparison.terms) for axes in figure.axes[2:])


def test_bars_are_the_mean_changes_in_per_cent(make_comparison):
    comparison = make_comparison()
    (axes,) = _change_bars.draw_changes(comparison, LIGHT).axes
    other = next(standing for standing in comparison.summary if standing.balancer == "<b>other</b>")
    expected = [other.improvement.mean, *(other.changes[name].mean for name in comparison.score)]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([100 * value for value in expected])
    ends = [line.get_xdata() for line in axes.get_lines() if len(line.get_xdata()) == 2 and line.get_marker() == "None"]
    low, high = (100 * end for end in other.improvement.interval)
    assert any(np.allclose(found, [low, high]) for found in ends)
    assert [label.get_text() for label in axes.get_yticklabels()][1:] == [
        "label_accuracy (higher is better)",
        "amount_mae (lower is better)",
    ]


def test_samples_show_truth_and_every_prediction(make_comparison):
    figure = _sample_pictures.draw_pictures(make_comparison(), LIGHT)
    assert len(figure.axes) == 6 * 4  # input, truth, two balancers
    assert [text.get_text() for text in figure.texts] == ["input", "truth", "fixed", "<b>other</b>"]
    shown = texts(figure)
    assert "label 0 ✓" in shown
    assert "label 1 ✗" in shown
    assert "label not given" in shown
    assert "amount not given" in shown


def test_without_pictures_points_are_drawn(make_comparison, make_samples):
    comparison = make_comparison(samples=make_samples(pictures=False))
    assert _sample_pictures.draw_pictures(comparison, LIGHT) is None
    figure = _sample_plots.draw_scatter(comparison, LIGHT)
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["label, predicted", "", "amount, predicted", ""]
    (points, diagonal) = figure.axes[2].get_lines()
    assert len(points.get_xdata()) == 5  # one amount is missing
    np.testing.assert_allclose(points.get_ydata() - points.get_xdata(), 5.0)
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    right, wrong = figure.axes[0].collections
    assert (len(right.get_offsets()), len(wrong.get_offsets())) == (2, 2)


def test_segmentation_into_classes_and_two_pictures(make_comparison):
    generator = np.random.default_rng(0)
    classes = generator.integers(0, 4, size=(6, 8, 8))
    targets = {"parts": classes, "depth": generator.normal(size=(6, 8, 8, 1))}
    predictions = {"parts": np.eye(4)[classes], "depth": targets["depth"]}
    samples = Samples({"photo": generator.uniform(size=(6, 8, 8, 3))}, targets, {"fixed": predictions})
    figure = _sample_pictures.draw_pictures(make_comparison(samples=samples), LIGHT)
    assert [text.get_text() for text in figure.texts] == [
        "input",
        "parts\ntruth",
        "parts\nfixed",
        "depth\ntruth",
        "depth\nfixed",
    ]
    shown = [axes.get_images()[0].get_array() for axes in figure.axes]
    np.testing.assert_array_equal(shown[6], shown[12])  # the truth, and the class with the highest score


def test_nothing_to_show(make_comparison):
    empty = make_comparison(samples=Samples({}, {}))
    assert _sample_pictures.draw_pictures(empty, LIGHT) is None
    assert _sample_plots.draw_scatter(empty, LIGHT) is None


def test_grounds_differ_and_the_global_state_of_matplotlib_is_left_alone(make_comparison):
    comparison = make_comparison()
    light, dark = (as_png(_change_bars.draw_changes(comparison, theme)) for theme in (LIGHT, DARK))
    assert brightness(light) > 0.8
    assert brightness(dark) < 0.3
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_what_templates_do():
    assert half_width(Estimate(1.0, (0.5, 1.5), 3)) == 0.5
    assert with_code("<a> `--seeds` arXiv:2001.06782") == (
        '&lt;a&gt; <code>--seeds</code> <a href="https://arxiv.org/abs/2001.06782">arXiv:2001.06782</a>'
    )


def test_more_contenders_than_colours_get_a_row_each(make_comparison):
    levels = [("fixed", 1.0), *((f"m{place}", 0.6 + 0.05 * place) for place in range(12))]
    comparison = make_comparison(balancers=levels, failed=False)
    pictures = {picture.name: picture for picture in draw_comparison(comparison)}
    assert "is grey" in pictures["changes"].caption
    assert "Shown are fixed and the 7 best of the other 12." in pictures["losses"].caption
    axes = draw_change_rows(comparison, LIGHT).axes[0]
    order = [entry.balancer for entry in comparison.summary if entry.balancer != "fixed"]
    assert [label.get_text() for label in axes.get_yticklabels()] == order
    points = [line.get_xdata()[0] for line in axes.lines if line.get_marker() in ("o", "s")]
    gains = {entry.balancer: entry.improvement.mean for entry in comparison.summary}
    np.testing.assert_allclose(points, [100.0 * gains[name] for name in order])
    # No more of them in the curves than there are colours.
    assert len(the_best(comparison).balancers) == 8
    assert set(the_best(comparison).balancers) == {"fixed", *order[:7]}


def test_sums_by_other_weights_are_not_drawn_together(make_comparison):
    comparison = make_comparison(failed=False)
    settings = {"balancers": {"<b>other</b>": {"loss_weights": {"mask": 2.0}}}}
    own = dataclasses.replace(comparison, settings=settings)
    counts = [len(_loss_curves.draw_loss_curves(entry, LIGHT).axes[-1].lines) for entry in (comparison, own)]
    assert counts == [2, 1]


def test_all_weights_are_in_the_picture(make_comparison):
    """From 1 down to 0.01, on one range for every panel."""
    figure = _weight_curves.draw_weights(make_comparison(failed=False), LIGHT)
    upper = figure.axes[:2]
    assert len({axes.get_ylim() for axes in upper}) == 1
    low, high = upper[0].get_ylim()
    assert 0.0 < low < 0.01 < 1.0 < high


def test_chances_and_what_is_sorted_by():
    assert [chance(p) for p in (None, 1e-9, 0.0234, 0.5)] == ["–", "< 0.001", "0.023", "0.50"]
    assert [blank(value) for value in (None, 0.1, 3)] == ["", "0.1", "3"]

"""The built-in problem: its pictures and targets are what they say, and its model learns from them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from scipy import ndimage
from sklearn.datasets import load_digits

import multiloss as ml
from multiloss.problems._digits_data import make_scenes, place


@pytest.fixture(scope="module")
def scenes():
    return make_scenes(seed=0, copies=2)


@pytest.fixture(scope="module")
def complete():
    """The same pictures with no label missing."""
    return make_scenes(seed=0, copies=2, missing=0.0)


def test_shapes_and_dtypes(scenes):
    train, validation = scenes
    assert (len(train.image), len(validation.image)) == (2 * 1438, 359)
    for part in scenes:
        assert part.image.shape == part.mask.shape == (len(part.source), 28, 28, 1)
        assert part.label.shape == part.angle.shape == part.ink.shape == (len(part.source), 1)
        assert part.label.dtype == "int32"
        assert {array.dtype.name for array in (part.image, part.mask, part.angle, part.ink)} == {"float32"}


def test_ranges(scenes):
    for part in scenes:
        assert part.image.min() >= 0
        assert part.image.max() <= 1
        assert set(np.unique(part.mask)) == {0.0, 1.0}
        assert set(np.unique(part.label)) == set(range(-1, 10))
        assert np.nanmax(np.abs(part.angle)) <= 60
        assert np.nanstd(part.angle) == pytest.approx(120 / np.sqrt(12), rel=0.1)  # uniform
        assert np.nanmin(part.ink) > 50
        assert np.nanmax(part.ink) < 450
        assert part.mask.sum((1, 2, 3)).min() > 20


def test_the_seed_fixes_everything(scenes):
    again, other = make_scenes(seed=0, copies=2), make_scenes(seed=1, copies=2)
    for part, same, different in zip(scenes, again, other, strict=True):
        for field in ("image", "mask", "label", "angle", "ink", "source"):
            np.testing.assert_array_equal(getattr(part, field), getattr(same, field))
        assert not np.array_equal(part.source, different.source)
        assert not np.array_equal(part.image, different.image)


def test_no_digit_is_in_training_and_in_validation(scenes):
    train, validation = scenes
    assert not set(train.source) & set(validation.source)
    assert sorted({*train.source, *validation.source}) == list(range(1797))
    assert np.all(np.bincount(train.source)[np.unique(train.source)] == 2)
    assert len(set(validation.source)) == len(validation.source)
    # The sources themselves hold no picture twice, so that no picture leaks under two numbers.
    assert len(np.unique(load_digits().data, axis=0)) == 1797


def test_share_of_missing_labels(scenes, complete):
    for part, full in zip(scenes, complete, strict=True):
        gaps = np.stack([part.label == -1, np.isnan(part.angle), np.isnan(part.ink)])[..., 0]
        np.testing.assert_allclose(gaps.mean(1), 0.2, atol=4 * np.sqrt(0.16 / len(part.source)))
        np.testing.assert_allclose(np.corrcoef(gaps) - np.eye(3), 0, atol=4 / np.sqrt(len(part.source)))
        assert full.label.min() >= 0
        assert np.isfinite(full.angle).all()
        assert np.isfinite(full.ink).all()
        np.testing.assert_array_equal(part.label[~gaps[0]], full.label[~gaps[0]])


def test_labels_are_those_of_the_source(complete):
    for part in complete:
        np.testing.assert_array_equal(part.label[:, 0], load_digits().target[part.source])


def test_mask_is_the_visible_ink(complete):
    train, _ = complete
    inside, outside = train.image[train.mask == 1], train.image[train.mask == 0]
    assert inside.mean() > 0.5
    assert np.median(outside) < 0.1
    # Noise moves a pixel by 0.1; so nearly no ink of a quarter and more is much paler in the picture.
    assert (inside < 0.05).mean() < 0.01
    # Dark pixels outside the mask are the cover: they lie in one rectangle of 7 pixels a side at most.
    for image, mask in zip(train.image[:100, ..., 0], train.mask[:100, ..., 0], strict=True):
        dark = np.argwhere((image > 0.6) & (mask == 0))
        assert len(dark) == 0 or np.ptp(dark, axis=0).max() <= 6


def test_ink_is_the_sum_of_what_is_visible(complete):
    train, _ = complete
    grey = load_digits().images[train.source].sum((1, 2))
    assert np.all(train.ink[:, 0] <= grey * 1.03)  # resampling moves the sum by a little
    share = train.ink[:, 0] / grey
    assert 0.7 < share.mean() < 0.95
    # Independent of how it is made: darkness of the picture inside the mask, in grey levels of the source.
    seen = (train.image * train.mask).sum((1, 2, 3)) * 16 / 4
    assert np.corrcoef(seen, train.ink[:, 0])[0, 1] > 0.97
    # The pale rims, a tenth of the ink, lie below the mask's threshold of a quarter.
    assert 0.85 < np.median(seen / train.ink[:, 0]) < 1


def test_positive_angles_turn_counter_clockwise():
    # A bar to the right of the middle; a quarter turn counter-clockwise as shown puts it above: smaller rows.
    bar = np.zeros((8, 8))
    bar[3:5, 5:8] = 1
    canvas, centre = place(bar, 90.0, np.zeros(2))
    row, column = ndimage.center_of_mass(canvas)
    assert row < centre[0] - 3
    assert column == pytest.approx(centre[1], abs=0.2)


def test_turning_back_by_the_angle_gives_the_source(complete):
    _, validation = complete
    sources = load_digits().images[validation.source]

    def likeness(sign):
        values = []
        for image, angle, source in zip(validation.mask[:60, ..., 0], validation.angle[:60, 0], sources, strict=False):
            # scipy's rotate turns counter-clockwise as shown for positive angles, so minus the angle turns back.
            back = ndimage.rotate(image, -sign * angle, reshape=False, order=1)
            large = np.pad(np.kron(source / 16, np.ones((2, 2))), 6)
            shifts = [np.roll(back, (r, c), (0, 1)) for r in range(-4, 5) for c in range(-4, 5)]
            values.append(max(np.corrcoef(shift.ravel(), large.ravel())[0, 1] for shift in shifts))
        return np.mean(values)

    assert likeness(1) > 0.75
    assert likeness(1) > likeness(0) + 0.1 > likeness(-1)


def test_a_shift_moves_down_and_right():
    dot = np.zeros((8, 8))
    dot[3:5, 3:5] = 1
    canvas, centre = place(dot, 33.0, np.array([3.0, -2.0]))
    np.testing.assert_allclose(ndimage.center_of_mass(canvas), centre, atol=0.05)
    np.testing.assert_allclose(centre, [16.5, 11.5])
    assert canvas.sum() == pytest.approx(16, rel=0.02)  # twice the size: four times the ink


@pytest.mark.parametrize(
    "arguments", [{"missing": 1.0}, {"missing": -0.1}, {"copies": 0}, {"validation_share": 0.0}, {"limit": 1}]
)
def test_wrong_shares_are_explained(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}`.*Received"):
        make_scenes(**arguments)


def test_without_scikit_learn_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"multiloss\[demo\]"):
        ml.problems.digits()


def test_one_seed_gives_one_model():
    problem = ml.problems.digits(limit=20)
    first, second, other = (problem.new_model(seed=seed).get_weights() for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_model_is_saved_without_multiloss_classes(tmp_path):
    problem = ml.problems.digits(limit=20)
    model = problem.new_model(seed=0)
    model.save(tmp_path / "digits.keras")
    x, y = problem.validation
    outputs = model.predict(x, verbose=0)
    again = keras.saving.load_model(tmp_path / "digits.keras").predict(x, verbose=0)
    assert {name: output.shape for name, output in outputs.items()} == {
        **{name: target.shape for name, target in y.items()},
        "label": (len(x), 10),
    }
    for name in y:
        np.testing.assert_allclose(again[name], outputs[name], atol=1e-5)


def test_terms_have_scales_far_apart_and_fit_learns():
    problem = ml.problems.digits(limit=320, copies=1)  # whole batches: each step is compiled once
    trainer = ml.compile(
        problem.new_model(seed=0),
        optimizer=problem.new_optimizer(),
        loss=problem.new_loss(),
        loss_weights={"ink": 1e-4},
        metrics=problem.new_metrics(),
    )
    logs = trainer.fit(*problem.train, validation_data=problem.validation, epochs=4, verbose=0).history
    assert set(problem.score) <= {name.removeprefix("val_") for name in logs if name.startswith("val_")}
    assert logs["ink_loss"][0] > 1000 * max(logs[f"{name}_loss"][0] for name in ("mask", "label", "angle"))
    assert logs["label_labelled"][0] == pytest.approx(0.8, abs=0.1)
    for name in ("mask", "label", "angle", "ink"):
        assert np.isfinite(logs[f"val_{name}_loss"]).all()
        assert logs[f"{name}_loss"][-1] < logs[f"{name}_loss"][0]

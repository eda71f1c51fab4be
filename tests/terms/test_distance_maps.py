"""Distance maps in the input pipeline, and the example that trains on them."""

import runpy
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

import multiloss as ml

EXAMPLE = Path(__file__).parents[2] / "examples" / "segmentation.py"
MASKS = (np.random.default_rng(0).uniform(size=(6, 5, 7, 1)) > 0.6).astype("float32")


def _expected(mask):
    inside = mask[..., 0] > 0
    return np.where(inside, 1 - distance_transform_edt(inside), distance_transform_edt(~inside))[..., None]


class _Batches(keras.utils.PyDataset):
    ended = 0

    @property
    def num_batches(self):
        return 3

    def __getitem__(self, index):
        mask = MASKS[2 * index : 2 * index + 2]
        return mask + 0.5, {"mask": mask}

    def on_epoch_end(self):
        self.ended += 1


def test_maps_of_arrays_and_of_a_data_set():
    expected = np.stack([_expected(mask) for mask in MASKS])
    weight = np.ones(6)
    x, y, sample_weight = ml.losses.add_distance_maps((MASKS, {"mask": MASKS}, weight), target="d")
    assert x is MASKS
    assert sample_weight is weight
    np.testing.assert_allclose(y["d"], expected, atol=1e-6)
    batches = ml.losses.add_distance_maps(_Batches(workers=2))
    assert (batches.workers, batches.num_batches) == (2, 3)
    found = np.concatenate([batches[index][1]["distance"] for index in range(3)])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_model_trains_on_a_data_set_with_maps():
    data = _Batches()
    model = keras.Sequential([keras.Input((5, 7, 1)), keras.layers.Conv2D(1, 1, activation="sigmoid", name="mask")])
    loss = {"mask": {"region": "soft_dice", "boundary": ml.Term("boundary", target="distance")}}
    history = ml.compile(model, "adam", loss=loss).fit(ml.losses.add_distance_maps(data), epochs=2, verbose=0).history
    assert np.isfinite(history["mask/boundary_loss"]).all()
    assert data.ended >= 2  # Keras looks at a batch before the first epoch


@pytest.mark.parametrize(
    ("data", "match"),
    [
        ([MASKS], r"must be \(x, y\) with a dict `y`.*Received: list\..*numpy_function"),
        ((MASKS, {"msk": MASKS}), r"with the key 'mask'. Received: \['msk'\]"),
        ((MASKS, MASKS), "`y` must be a dict"),
    ],
)
def test_other_data_is_told_the_way(data, match):
    with pytest.raises(ValueError, match=match):
        ml.losses.add_distance_maps(data)


def test_the_segmentation_example(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(
        sys, "argv", [str(EXAMPLE), "--pictures", "40", "--epochs", "2", "--out", str(tmp_path / "out")]
    )
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    printed = capsys.readouterr().out
    assert "boundary on mask against distance" in printed
    assert "loaded and trained for one more epoch" in printed
    loaded = keras.saving.load_model(tmp_path / "out" / "run.keras")
    assert list(loaded.terms) == ["mask/region", "mask/boundary", "label", "amount"]
    assert (tmp_path / "out" / "model.keras").exists()

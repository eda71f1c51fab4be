"""A boundary loss on masks that are no signed distance maps (fault C8)."""

import keras
import numpy as np
import pytest
from cases import compiled, found, the

import multiloss as ml

pytestmark = pytest.mark.one_backend


def diagnosis_of(targets):
    image = keras.Input((8, 8, 1))
    hidden = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="trunk")(image)
    model = keras.Model(image, {"mask": keras.layers.Conv2D(1, 1, activation="sigmoid", name="mask")(hidden)})
    x = np.random.default_rng(0).normal(size=(16, 8, 8, 1)).astype("float32")
    return ml.diagnose(compiled(model, {"mask": ml.losses.Boundary()}), (x, {"mask": targets}), batches=2, batch_size=8)


def masks():
    mask = np.zeros((16, 8, 8, 1), "uint8")
    mask[:, 1:7, 2:7] = 1
    return mask


def test_a_raw_mask_is_found_and_a_distance_map_is_not():
    pytest.importorskip("scipy")
    for raw in (masks(), 255 * masks()):
        finding = the(diagnosis_of(raw.astype("float32")), "no signed distances")
        assert finding.severity == "error"
        assert "like a mask" in finding.message
    distances = ml.losses.distance_map(masks())
    assert "no signed distances" not in found(diagnosis_of(distances))
    finding = the(diagnosis_of(np.abs(distances)), "no signed distances")
    assert finding.severity == "warning"

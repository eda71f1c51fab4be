"""The masking rules, on NumPy arrays and on tensors alike."""

import numpy as np
import pytest
from keras import ops

import multiloss as ml
from multiloss.masks import Labels, as_missing, combine, counting, safe_target, shrink, whole

VALUES = np.array([[1.0, np.nan, -1.0], [2.0, 3.0, 4.0]], "float32")


def _both(values, **said):
    """The mask of NumPy arrays, after the check that tensors give the same."""
    tensors = {key: ops.convert_to_tensor(v) if isinstance(v, np.ndarray) else v for key, v in said.items()}
    of_tensors = counting(Labels("t", ops.convert_to_tensor(values), **tensors))
    of_arrays = counting(Labels("t", values, **said))
    if of_arrays is None:
        assert of_tensors is None
        return None
    assert isinstance(of_arrays, np.ndarray)
    np.testing.assert_array_equal(ops.convert_to_numpy(of_tensors), of_arrays)
    return of_arrays


def test_missing_labels():
    np.testing.assert_array_equal(_both(VALUES, missing="nan"), ~np.isnan(VALUES))
    np.testing.assert_array_equal(_both(VALUES, missing=-1), VALUES != -1)
    assert _both(VALUES) is None
    assert _both(np.array([1, 2]), missing="nan") is None


@pytest.mark.parametrize(("dtype", "missing"), [("uint8", -1), ("int32", 0.5), ("uint8", 256), ("bool", 2)])
def test_a_value_that_the_labels_cannot_be_is_never_found(dtype, missing):
    """A cast would make 255 of -1, and 0 of 0.5 and of 256."""
    assert _both(np.array([[1], [0], [255]]).astype(dtype), missing=missing) is None


def test_masks_of_several_ranks_meet():
    padding = np.array([True, False])
    given = np.array([[1, 1, 0], [1, 1, 1]], "float32")
    found = _both(VALUES, missing="nan", given=given, padding=padding)
    np.testing.assert_array_equal(found, [[True, False, False], [False, False, False]])
    np.testing.assert_array_equal(_both(VALUES, padding=padding), padding)
    np.testing.assert_array_equal(whole(padding, VALUES), [[True] * 3, [False] * 3])
    assert whole(None, VALUES).all()


def test_a_mask_of_other_axes_is_refused():
    with pytest.raises(ValueError, match=r"mask of term 't' must have the leading axes .*Received: a mask of shape"):
        _both(VALUES, given=np.ones((2, 2), bool))


def test_safe_targets_and_whole_groups():
    mask = counting(Labels("t", VALUES, missing="nan"))
    np.testing.assert_array_equal(safe_target(VALUES, mask), np.nan_to_num(VALUES))
    np.testing.assert_array_equal(shrink(mask, 1), [False, True])
    assert combine(None, mask) is mask


def test_nan_itself_means_nan_and_what_is_no_number_is_refused():
    assert as_missing(np.nan) == "nan"
    assert ml.Term("mse", missing=np.float32("nan")).missing == "nan"
    for wrong in ([1], "none", (np.nan,)):
        with pytest.raises(ValueError, match="`missing` must be None, 'nan' or a number"):
            ml.Term("mse", missing=wrong)

"""A term's value is that of Keras's own `Loss.__call__`: every loss class, dtype, reduction, weight and mask."""

import itertools

import numpy as np
import pytest
from evaluation import batch
from keras import ops
from keras_losses import ARGUMENTS, CASES, WHOLE_BATCH
from keras_losses import batch as batch_of

import multiloss as ml
from multiloss._core.keras_masks import with_mask

DTYPES = ("uint8", "int32", "int64", "bool", "float16", "float64")
REDUCTIONS = ("sum_over_batch_size", "sum", None, "none", "mean", "mean_with_sample_weight")


class Case:
    """One batch of one loss, with weights and a mask in the shape of its values."""

    def __init__(self, name):
        self.name = name
        self.y_true, y_pred = batch_of(name)
        self.y_pred = ops.convert_to_tensor(y_pred)
        values = self.loss(reduction=None)(self.y_true, self.y_pred)
        random = np.random.default_rng(1)
        self.weight = random.uniform(0.5, 2.0, values.shape).astype("float32")
        self.mask = random.uniform(size=values.shape) < 0.6
        self.mask.flat[0] = True
        # Where one value stands for all, neither acts on samples; where samples are compared, none may be left out.
        self.choices = (False,) if name in WHOLE_BATCH else (False, True)
        self.masks = (False,) if name == "Circle" else self.choices

    def loss(self, **given):
        return CASES[self.name](**ARGUMENTS.get(self.name, {}), **given)

    def keras(self, loss, dtype, weighted, masked):
        y_pred = with_mask(self.y_pred + 0, ops.convert_to_tensor(self.mask)) if masked else self.y_pred
        value = loss(self.y_true.astype(dtype), y_pred, self.weight if weighted else None)
        return float(ops.convert_to_numpy(ops.cast(value, "float32")))

    def term(self, loss, dtype, weighted, masked):
        given = batch(self.y_true.astype(dtype), self.y_pred, self.weight if weighted else None)
        if masked:
            given.masks["out"] = ops.convert_to_tensor(self.mask)
        return float(ops.convert_to_numpy(ml.Term(loss).bound("out", ["out"]).evaluate("out", given).loss))


def test_keras_has_losses():
    assert len(CASES) >= 22


@pytest.mark.parametrize("name", CASES)
def test_every_dtype_of_targets(name):
    case = Case(name)
    loss = case.loss()
    for dtype, (weighted, masked) in itertools.product(DTYPES, {(False, False), (case.choices[-1], case.masks[-1])}):
        found, expected = (value(loss, dtype, weighted, masked) for value in (case.term, case.keras))
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6), (dtype, weighted, masked)


@pytest.mark.parametrize("name", CASES)
def test_every_reduction_with_weights_and_masks(name):
    case = Case(name)
    for reduction in REDUCTIONS:
        loss = case.loss(reduction=reduction)
        # Without reduction Keras has no number to train on; it is read as the mean, and `explain` says so.
        reference = case.loss() if reduction in (None, "none") else loss
        for weighted, masked in itertools.product(case.choices, case.masks):
            found = case.term(loss, "int64", weighted, masked)
            expected = case.keras(reference, "int64", weighted, masked)
            assert found == pytest.approx(expected, rel=1e-5, abs=1e-6), (reduction, weighted, masked)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16"])
def test_a_loss_of_half_precision_is_computed_in_float32(dtype):
    """The one thing that a term does not take over; the value is Keras's up to its rounding."""
    case = Case("BinaryCrossentropy")
    loss = case.loss(dtype=dtype)
    found = case.term(loss, "int64", True, True)
    assert found == pytest.approx(case.term(case.loss(), "int64", True, True), rel=1e-6)
    assert found == pytest.approx(case.keras(loss, "int64", True, True), rel=2e-2)

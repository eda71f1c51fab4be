"""`aggregate` and `solve`: what they take, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from backend import NAME, compiled, double_precision
from multiloss import Balancer, Needs
from multiloss.aggregation import MGDA, aggregate, solve
from multiloss.weighting import Fixed, Uncertainty

ROWS = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")


class Inverse(Balancer):
    """Weighs by 1 / L."""

    needs = Needs.LOSSES

    def raw_weights(self, signals, state):
        return 1.0 / signals.losses, state


@pytest.mark.parametrize("balancer", ["pcgrad", "PCGrad", "mgda", "upgrad", "fixed", "uncertainty"])
def test_names_work_and_the_vector_is_the_weighted_sum(balancer):
    weights = ops.convert_to_numpy(solve(ROWS @ ROWS.T, balancer, losses=[1.0, 2.0, 3.0]))
    vector = ops.convert_to_numpy(aggregate(ROWS, balancer, losses=[1.0, 2.0, 3.0]))
    assert np.abs(weights).sum() == pytest.approx(3.0, rel=1e-5)
    np.testing.assert_allclose(vector, weights @ ROWS, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_the_dtype_is_kept(dtype):
    with double_precision():
        vector = ops.convert_to_numpy(aggregate(ROWS.astype(dtype), Fixed()))
        assert vector.dtype == dtype
        rounding = {"float64": 1e-15, "float32": 1e-6, "float16": 2e-3}[dtype]
        exact = ROWS.astype(dtype).astype(float).sum(axis=0)
        np.testing.assert_allclose(vector, exact, rtol=rounding, atol=rounding)


def test_float64_is_worked_in():
    # In float32 the second row would vanish beside the first one.
    rows = np.array([[1e9, 1.0], [-1e9, 1.0]])
    with double_precision():
        np.testing.assert_allclose(ops.convert_to_numpy(aggregate(rows, Fixed())), [0.0, 2.0], atol=1e-9)


@pytest.mark.skipif(NAME != "jax", reason="the other backends always have float64")
def test_jax_without_x64_gives_float32():
    assert ops.convert_to_numpy(aggregate(ROWS.astype("float64"), "mgda")).dtype == "float32"


@pytest.mark.parametrize("balancer", ["pcgrad", "mgda", "upgrad", "fixed"])
def test_one_row_is_itself(balancer):
    np.testing.assert_allclose(ops.convert_to_numpy(aggregate(ROWS[:1], balancer)), ROWS[0], rtol=1e-6)


@pytest.mark.parametrize("balancer", ["pcgrad", "mgda", "upgrad", "fixed"])
def test_zeros_give_zeros(balancer):
    np.testing.assert_array_equal(ops.convert_to_numpy(aggregate(0.0 * ROWS, balancer)), np.zeros(5))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_that_is_not_finite_is_named(bad):
    rows = ROWS.copy()
    rows[1, 2] = bad
    with pytest.raises(ValueError, match=rf"row 1 is not. Received: {bad}"):
        aggregate(rows, "mgda")
    with pytest.raises(ValueError, match=r"row 1 \(term 'depth'\)"):
        aggregate(rows, "mgda", names=["mask", "depth", "normal"])
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="those of row 1 are not"):
        solve(rows @ rows.T, "mgda")


@pytest.mark.skipif(NAME == "torch", reason="nothing is compiled there, see `backend.compiled`")
def test_compiled_a_row_that_is_not_finite_gives_nan_and_no_error():
    rows = ROWS.copy()
    rows[1, 2] = np.nan
    assert np.isnan(ops.convert_to_numpy(compiled(lambda array: aggregate(array, "upgrad"))(rows))).any()


def test_squares_that_overflow_are_told():
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="use float64"):
        aggregate(ROWS * np.float32(1e25), MGDA())


def test_losses_are_asked_for_where_they_are_read():
    with pytest.raises(ValueError, match="Inverse reads the terms' losses"):
        aggregate(ROWS, Inverse())
    weights = ops.convert_to_numpy(solve(ROWS @ ROWS.T, Inverse(), losses=[1.0, 2.0, 4.0]))
    np.testing.assert_allclose(weights, np.array([4.0, 2.0, 1.0]) * 3.0 / 7.0, rtol=1e-6)
    # The first weights of uncertainty weighting come before any loss.
    np.testing.assert_allclose(ops.convert_to_numpy(solve(ROWS @ ROWS.T, Uncertainty())), np.ones(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: aggregate(ROWS[0], "mgda"), r"shape \(K, P\)"),
        (lambda: solve(ROWS, "mgda"), r"shape \(K, K\)"),
        (lambda: aggregate(ROWS, "mgda", names=["a"]), "one name for each of the 3"),
        (lambda: aggregate(ROWS, "pcgrat"), "Did you mean 'pcgrad'"),
        (lambda: aggregate(ROWS, MGDA), r"Write MGDA\(\)"),
        (lambda: aggregate(ROWS, Fixed([1.0, 2.0])), "3 balanced terms"),
    ],
)
def test_mistakes_are_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""PrimaryFirst against its optimality conditions in the space of the gradients, SciPy, and hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import lengths, samples
from keras import ops
from scipy.optimize import minimize

from backend import compiled, double_precision
from multiloss import Signals
from multiloss.aggregation import PrimaryFirst, aggregate, solve

_solve = compiled(lambda gramian: solve(gramian, PrimaryFirst()))
_half = compiled(lambda gramian: solve(gramian, PrimaryFirst(fraction=0.5)))
SOLVERS = {1.0: _solve, 0.5: _half}
GIVE = 0.01


@pytest.mark.parametrize("fraction", SOLVERS)
@pytest.mark.parametrize("num_terms", [2, 5, 8, 40])
@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-8), ("float32", 1e-4)])
def test_satisfies_the_optimality_conditions(fraction, num_terms, precision, tolerance):
    # d = sum + U'y with y >= 0, h = give y, slack >= 0 and y slack = 0 prove it: the problem is convex.
    with double_precision():
        for sample in samples(num_terms):
            rows = sample.jacobian.astype(precision).astype(float)
            size = lengths(rows).max()
            gramian = ops.convert_to_tensor((rows @ rows.T).astype(precision))
            found = ops.convert_to_numpy(SOLVERS[fraction](gramian)).astype(float)
            added = (found - 1.0) * lengths(rows) / size
            combined = found @ rows
            slack = rows @ combined / lengths(rows) / size + GIVE * added
            slack[0] -= fraction * lengths(rows)[0] / size + GIVE * added[0]
            scale = max(1.0, added.max())
            assert added.min() >= -tolerance, sample.name
            assert slack.min() > -tolerance * scale, (sample.name, slack.min())
            assert np.abs(added * slack).max() < tolerance * scale**2, (sample.name, np.abs(added * slack).max())


@pytest.mark.parametrize("seed", range(3))
def test_float64_agrees_with_scipy(seed):
    rows = np.random.default_rng(seed).normal(size=(4, 3))
    unit = rows / lengths(rows)[:, None]
    total = rows.sum(axis=0)

    def cost(point):
        return 0.5 * np.sum((point[:3] - total) ** 2) + 0.5 / GIVE * np.sum(point[3:] ** 2)

    best = minimize(
        cost,
        np.zeros(6),
        constraints=[
            {"type": "ineq", "fun": lambda point: unit[0] @ point[:3] - lengths(rows)[0]},
            {"type": "ineq", "fun": lambda point: unit[1:] @ point[:3] + point[3:]},
        ],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert best.success
    with double_precision():
        found = ops.convert_to_numpy(aggregate(rows, PrimaryFirst()))
    np.testing.assert_allclose(found, best.x[:3], atol=2e-5)


@pytest.mark.parametrize("num_terms", [2, 10])
def test_the_main_loss_advances_as_if_alone_on_every_sample(num_terms):
    for sample in samples(num_terms):
        rows = sample.jacobian.astype("float32")
        for primary in (0, num_terms - 1):
            balancer = PrimaryFirst(primary=primary, fraction=0.8)
            combined = ops.convert_to_numpy(aggregate(rows, balancer)).astype(float)
            alone = lengths(rows.astype(float))[primary]
            progress = rows[primary].astype(float) @ combined / alone
            assert progress > 0.8 * alone - 1e-3 * lengths(rows).max(), (sample.name, primary)


def test_without_conflict_it_is_the_plain_sum():
    rows = np.abs(np.random.default_rng(0).normal(size=(4, 7))).astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(solve(rows @ rows.T, PrimaryFirst())), np.ones(4))


def test_opposing_gradients_move_along_the_primary_one():
    rows = np.array([[1.0, 2.0], [-3.0, -6.0]], "float32")
    combined = ops.convert_to_numpy(aggregate(rows, PrimaryFirst()))
    np.testing.assert_allclose(combined, rows[0], atol=1e-2)


def test_a_price_decides_how_far_the_others_are_harmed():
    rows = np.array([[1.0, 0.0], [-1.0, 0.3]], "float32")
    harms = []
    for give in (1e-3, 1e-1, 10.0):
        combined = ops.convert_to_numpy(aggregate(rows, PrimaryFirst(give=give)))
        assert combined[0] > 1.0 - 1e-3
        harms.append(-rows[1] @ combined)
    assert harms[0] < 0.02
    assert harms[0] < harms[1] < harms[2]


def test_without_its_main_loss_the_others_are_kept_from_harm():
    rows = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    rows[2] = -0.9 * rows[1] + 0.5 * rows[2]
    signals = Signals(
        losses=ops.ones((3,)),
        present=ops.convert_to_tensor(np.array([False, True, True])),
        gramian=ops.convert_to_tensor(rows @ rows.T),
    )
    found = ops.convert_to_numpy(PrimaryFirst(give=1e-4).weights(signals, {})[0])
    assert found[0] == 0.0
    assert (rows[1:] @ (found @ rows)).min() > -1e-2


@pytest.mark.parametrize(
    "arguments", [{"primary": -1}, {"primary": 0.5}, {"fraction": 0.0}, {"fraction": 1.5}, {"give": 0.0}]
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=rf"{next(iter(arguments))}.*Received"):
        PrimaryFirst(**arguments)


def test_an_index_beyond_the_terms_is_refused():
    with pytest.raises(ValueError, match="one of the 2 balanced terms"):
        PrimaryFirst(primary=2).init(2)

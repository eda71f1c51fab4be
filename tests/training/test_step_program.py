"""A fourth backend, written against the abstract classes alone: finite differences in NumPy, and no `keras.Model`."""

import keras
import numpy as np
import pytest
from keras import ops

from multiloss import Balancer
from multiloss._core.registry import resolve
from multiloss.terms import Term
from multiloss.training.logs import TermTracker
from multiloss.training.reading import BoundTerm, Names, TrainingState
from multiloss.training.rows import Activations, PassByPass, RecordingScope, Versions
from multiloss.training.step import Guard, Linearized, Objective, StepProgram, WritingProgram

# Central differences err by WIDTH^2, and by the rounding of a loss in float32 over WIDTH.
WIDTH = 1e-2


class Host:
    """What a step needs of the `keras.Model` that trains, and no more."""

    run_eagerly = True

    def __init__(self, model, state, optimizer):
        self.model, self.state, self.optimizer, self.metrics = model, state, optimizer, []

    losses = property(lambda self: self.model.losses)
    variables = property(lambda self: [*self.model.variables, *self.state.variables])
    weights = property(lambda self: [*self.model.weights, *self.state.weights])
    trainable_variables = property(lambda self: self.model.trainable_variables)
    non_trainable_variables = property(lambda self: [*self.model.non_trainable_variables, *self.state.variables])
    metrics_variables = property(lambda self: [v for metric in self.metrics for v in metric.variables])

    def observe(self, x, training):
        return self.model(x, training=training)

    def get_metrics_result(self):
        return self.metrics[0].result()


class Differences(PassByPass):
    """Gradients by central differences of the losses, computed once."""

    def __init__(self, losses_at, values):
        self.activations = Activations()
        self.rows_of = [np.zeros((len(losses_at(values)), *value.shape)) for value in values]
        for index, value in enumerate(values):
            for place in np.ndindex(*value.shape):
                shifted = []
                for sign in (1, -1):
                    moved = [array.copy() for array in values]
                    moved[index][place] += sign * WIDTH
                    shifted.append(losses_at(moved))
                self.rows_of[index][(slice(None), *place)] = (shifted[0] - shifted[1]) / (2 * WIDTH)

    def __call__(self, cotangents, variables, calls=(), *, dense=False):
        assert not calls
        seeds = np.array([0.0 if c is None else float(ops.convert_to_numpy(c)) for c in cotangents])
        connected = self.connected()
        used = [k for k, c in enumerate(cotangents) if c is not None]
        return [
            ops.convert_to_tensor(np.tensordot(seeds, self.rows_of[index], 1))
            if any(index in connected[k] for k in used)
            else None
            for index in variables
        ]

    def connected(self):
        return [
            {index for index, rows in enumerate(self.rows_of) if np.any(rows[term] != 0)}
            for term in range(len(self.rows_of[0]))
        ]

    def _together(self, rows, variables, calls):
        raise AssertionError("asked for one by one")


class NumPyProgram(WritingProgram):
    """The four methods that a backend owes."""

    def linearize(self, x, y, sample_weight, *, around=None):
        variables = self.model.trainable_variables

        def losses_at(values):
            pairs = [(v, ops.convert_to_tensor(value)) for v, value in zip(variables, values, strict=True)]
            with keras.StatelessScope(pairs, collect_losses=True):
                forward = self.forward(x, y, sample_weight, training=True)
            return np.array([float(ops.convert_to_numpy(value.loss)) for value in forward.values])

        values = [np.array(ops.convert_to_numpy(variable), "float64") for variable in variables]
        pull = Differences(losses_at, values)
        scope = RecordingScope(
            self.regularized_values(),
            versions=Versions(variables),
            detach=ops.stop_gradient,
            source=lambda value: value,
        )
        with scope:
            forward = self.forward(x, y, sample_weight, training=True)
        losses = [value.loss for value in forward.values]
        return Linearized(forward, losses, pull, scope, lambda captured: pull.connected())

    def on_one_batch(self, function, x, y, sample_weight):
        return function(self.linearize(x, y, sample_weight))

    def when(self, condition, action, otherwise=None):
        if bool(ops.convert_to_numpy(condition)):
            action()
        elif otherwise is not None:
            otherwise()

    def nonfinite_terms(self, linear, wanted):
        return ops.zeros(len(linear.losses), "int32")

    def without_gradients(self):
        if keras.backend.backend() != "torch":
            return super().without_gradients()
        import torch

        return torch.no_grad()


def _model():
    keras.utils.set_random_seed(7)
    x = keras.Input((3,))
    trunk = keras.layers.Dense(4, activation="tanh", name="trunk")(x)
    heads = {name: keras.layers.Dense(1, name=f"{name}_head")(trunk) for name in ("a", "b")}
    return keras.Model(x, heads)


def _data():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(6, 3)).astype("float32")
    return x, {"a": x[:, :1] * 3, "b": np.sin(x[:, 1:2])}


class _Handle:
    schedules = ()


def _program(balancer):
    model = _model()
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    state, names = TrainingState(), Names(model)
    terms = [
        BoundTerm(name, Term(loss).bound(name, names.outputs), index, _Handle())
        for index, (name, loss) in enumerate({"a": "mse", "b": "log_cosh"}.items())
    ]
    objective = Objective(terms, resolve("balancer", balancer, Balancer), state)
    guard = Guard("raise", [term.name for term in terms], state)
    tracker = TermTracker(terms, objective.has_own_objective)
    host = Host(model, state, optimizer)
    host.metrics.append(tracker)
    state.reset({"user_weights": [1.0, 1.0], **objective.initial_values(), **guard.initial_values()}, noise=False)
    return NumPyProgram(
        host, model=model, objective=objective, names=names, guard=guard, tracker=tracker, metrics=None, state=state
    )


@pytest.mark.parametrize("balancer", ["fixed", "uncertainty", "mgda", "upgrad", "imtl_g"])
def test_a_backend_of_finite_differences_trains_as_the_backend_does(balancer):
    import multiloss as ml

    program = _program(balancer)
    x, y = _data()
    trainer = ml.compile(
        _model(), keras.optimizers.SGD(0.1), loss={"a": "mse", "b": "log_cosh"}, balancer=balancer, run_eagerly=True
    )
    trainer.model.set_weights(program.model.get_weights())
    for _ in range(3):
        logs = program.train_step((x, y))
        expected = trainer.train_on_batch(x, y, return_dict=True)
    weights = zip(program.model.get_weights(), trainer.model.get_weights(), strict=True)
    for got, wanted in weights:
        np.testing.assert_allclose(got, wanted, rtol=2e-3, atol=1e-3)
    assert int(ops.convert_to_numpy(program.state["step"])) == 3
    assert set(expected) == set(logs)


def test_the_evaluation_of_the_stand_in_is_the_formula():
    program = _program("fixed")
    x, y = _data()
    predicted = {name: ops.convert_to_numpy(value) for name, value in program.model(x).items()}
    logs = program.test_step((x, y))
    mse, cosh = np.mean((predicted["a"] - y["a"]) ** 2), np.mean(np.log(np.cosh(predicted["b"] - y["b"])))
    assert float(ops.convert_to_numpy(logs["a_loss"])) == pytest.approx(mse, rel=1e-6)
    assert float(ops.convert_to_numpy(logs["b_loss"])) == pytest.approx(cosh, rel=1e-5)
    assert float(ops.convert_to_numpy(logs["loss"])) == pytest.approx(mse + cosh, rel=1e-6)


def test_a_step_that_is_not_finite_changes_nothing_and_is_noted():
    program = _program("mgda")
    x, y = _data()
    program.train_step((x, y))
    before = program.model.get_weights()
    program.train_step((x, {**y, "a": np.full_like(y["a"], np.nan)}))
    for after, first in zip(program.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(after, first)
    with pytest.raises(ValueError, match="'a'"):
        program.guard.raise_if_noted(program.host)


def test_what_a_backend_owes_is_abstract():
    assert StepProgram.__abstractmethods__ == {"linearize", "on_one_batch", "train_step", "test_step"}
    assert WritingProgram.__abstractmethods__ == {"linearize", "on_one_batch", "when", "nonfinite_terms"}
    with pytest.raises(TypeError):
        StepProgram(None, model=None)

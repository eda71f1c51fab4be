"""Save, load, go on: as if never stopped. And weights that can be changed at any time."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from models import data, joint_losses, largest_difference, losses, member_of_three_terms, two_heads, weights_of

import multiloss as ml
from multiloss._core.registry import members

NAMES = [entry.name for entry in members("balancer")]


def _state(trainer):
    variables = [*trainer.variables, *trainer.optimizer.variables]
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _trainer(name):
    model = two_heads(norm=True, regularizer="l2")
    x = keras.Input((4,))
    dropped = keras.layers.Dropout(0.3)(x)  # without a seed of its own
    model = keras.Model(x, model(dropped))
    loss = {**joint_losses(), "value": ml.Term("mse", scale="running_mean", missing="nan")}
    loss["bounded"] = ml.Constraint(ml.OutputPenalty("l2", output="value"), 0.01)
    weights = {"label": ml.schedules.When("value_loss > 1", 0.5, otherwise=ml.schedules.Linear(1.0, 0.5, steps=9))}
    return ml.compile(
        model, keras.optimizers.Adam(0.01), loss=loss, loss_weights=weights, balancer=member_of_three_terms(name)
    )


@pytest.mark.parametrize("name", NAMES)
def test_all_state_of_every_member_is_saved(name, tmp_path):
    trainer = _trainer(name)
    rng = np.random.default_rng(0)
    for variable in [*trainer.variables, *trainer.optimizer.variables]:
        variable.assign(rng.integers(1, 100, size=variable.shape).astype(variable.dtype))
    trainer.save(tmp_path / "run.keras")
    again = keras.saving.load_model(tmp_path / "run.keras")
    assert largest_difference(_state(trainer), _state(again)) == 0.0
    assert again.balancer.get_config() == trainer.balancer.get_config()


def test_users_model_loads_without_multiloss(tmp_path):
    model = two_heads(norm=True)
    trainer = ml.compile(model, "adam", loss=joint_losses(), balancer="uncertainty")
    x, y = data()
    trainer.fit(x, y, verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    np.save(tmp_path / "expected.npy", model.predict(x, verbose=0)["value"])
    np.save(tmp_path / "x.npy", x)
    script = (
        "import sys; sys.modules['multiloss'] = None\n"  # any import of it fails
        f"import keras, numpy as np; model = keras.saving.load_model({str(path)!r})\n"
        f"got = model.predict(np.load({str(tmp_path / 'x.npy')!r}), verbose=0)['value']\n"
        f"np.testing.assert_allclose(got, np.load({str(tmp_path / 'expected.npy')!r}), rtol=1e-6)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env=os.environ, capture_output=True)


def test_trainer_does_not_change_the_model():
    model = two_heads()
    before = weights_of(model)
    names = [variable.path for variable in model.variables]
    ml.compile(model, "adam", loss=losses(), balancer="uncertainty")
    assert largest_difference(before, weights_of(model)) == 0.0
    assert [variable.path for variable in model.variables] == names
    assert not model.compiled


class _Assigns(keras.callbacks.Callback):
    def __init__(self, moment, value):
        super().__init__()
        self.moment, self.value = moment, value

    def on_epoch_begin(self, epoch, logs=None):
        if self.moment == "epoch_begin" and epoch == 1:
            self.model.terms["value"].weight.assign(self.value)

    def on_train_batch_end(self, batch, logs=None):
        if self.moment == "batch_end" and batch >= 2:
            self.model.terms["value"].weight.assign(self.value)
            assert self.model.terms["value"].weight.value == pytest.approx(self.value)


@pytest.mark.parametrize("moment", ["epoch_begin", "batch_end", "outside"])
def test_weight_assign_acts(moment):
    x, y = data()
    model, reference = two_heads(), two_heads()
    trainer = ml.compile(model, keras.optimizers.SGD(0.1), loss=losses())
    fit = {"batch_size": 16, "shuffle": False, "verbose": 0}
    if moment == "outside":
        trainer.fit(x, y, **fit)
        trainer.terms["value"].weight.assign(0.25)
        trainer.fit(x, y, **fit)
    else:
        trainer.fit(x, y, epochs=2, callbacks=[_Assigns(moment, 0.25)], **fit)
    for weight in (1.0, 0.25):
        plain = {"value": "mse", "label": "sparse_categorical_crossentropy"}
        reference.compile(keras.optimizers.SGD(0.1), loss=plain, loss_weights={"value": weight, "label": 1.0})
        reference.fit(x, y, **fit)
    assert largest_difference(weights_of(model), weights_of(reference)) < 1e-6
    assert trainer.terms["value"].weight.value == pytest.approx(0.25)


def test_weight_assign_does_not_trace_anew():
    calls = []

    def counted(y_true, y_pred):
        calls.append(1)
        return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)

    if keras.backend.backend() == "torch":
        pytest.skip("PyTorch runs eagerly: there is no trace to count")
    x, y = data(16)
    trainer = ml.compile(two_heads(), "sgd", loss={**losses(), "value": counted})
    trainer.train_on_batch(x, y)
    traced = len(calls)
    for value in (0.1, 0.7, 0.0):
        trainer.terms["value"].weight.assign(value)
        trainer.train_on_batch(x, y)
    assert len(calls) == traced


def test_one_description_in_two_trainers_shares_no_state():
    term = ml.Term("mse", scale="running_mean")
    x, y = data()
    first = ml.compile(two_heads(), "sgd", loss={**losses(), "value": term})
    second = ml.compile(two_heads(), "sgd", loss={**losses(), "value": term})
    first.fit(x, y, verbose=0)
    first.terms["value"].weight.assign(5.0)
    assert second.terms["value"].weight.value == 1.0
    logs = second.train_on_batch(x, y, return_dict=True)
    fresh = ml.compile(two_heads(), "sgd", loss={**losses(), "value": ml.Term("mse", scale="running_mean")})
    assert fresh.train_on_batch(x, y, return_dict=True) == logs


def test_recompile_forgets_the_old_terms_and_traces_anew():
    x, y = data()
    trainer = ml.compile(two_heads(), "sgd", loss=losses(), balancer="uncertainty")
    trainer.fit(x, y, verbose=0)
    trainer.compile("sgd", loss={"value": "mae"}, balancer=None)
    logs = trainer.fit(x, y, verbose=0).history
    assert set(logs) == {"loss", "value_loss", "value_weight"}
    names = [variable.name for variable in trainer.state.variables]
    assert not [name for name in names if name.startswith("balancer")]


def test_lambda_is_refused_at_save_by_the_terms_name(tmp_path):
    trainer = ml.compile(two_heads(), "sgd", loss={**losses(), "extra": ml.Joint(lambda y_pred: y_pred["value"][:, 0])})
    x, y = data()
    trainer.fit(x, y, verbose=0)
    with pytest.raises(ValueError, match=r"Term 'extra' holds a lambda.*register_keras_serializable"):
        trainer.save(tmp_path / "run.keras")

"""Wrong answers that circulate about weights and training, each with what holds here.

Traps 1, 2, 4, 13-16, 21, 22, 29, 31 and 32 are in tests/terms/test_traps.py; 5 (a variable as a weight) and 7 (a list
of losses) in test_errors.py; 8 (a loss with variables) in test_keras_facts.py; 28 (no baseline) in tests/experiments;
30 (loss scaling) in test_mixed_precision.py. Trap 19 is a switch of TensorFlow 1.
"""

import keras
import numpy as np
import pytest
from keras import ops
from models import data, largest_difference, losses, two_heads, weights_of

import multiloss as ml
from multiloss import Signals
from multiloss.weighting import Uncertainty


def _step(trainer, x=None, y=None):
    """The logs of one step, and the change of the weights."""
    default_x, default_y = data(16)
    before = weights_of(trainer.model)
    logs = trainer.train_on_batch(default_x if x is None else x, default_y if y is None else y, return_dict=True)
    return logs, [after - first for after, first in zip(weights_of(trainer.model), before, strict=True)]


def _sgd(loss=None, weights=None, **arguments):
    return ml.compile(two_heads(), keras.optimizers.SGD(0.1), loss=loss or losses(), loss_weights=weights, **arguments)


def test_3_a_weight_cannot_be_rebound_only_assigned():
    trainer = _sgd()
    with pytest.raises(AttributeError):
        trainer.terms["value"].weight = 0.1
    with pytest.raises(AttributeError):
        trainer.terms["value"].weight.value = 0.1
    fade = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: trainer.terms["value"].weight.assign(1.0 - 0.25 * epoch)
    )
    x, y = data(16)
    history = trainer.fit(x, y, batch_size=16, epochs=3, verbose=0, callbacks=[fade]).history
    assert history["value_weight"] == pytest.approx([1.0, 0.75, 0.5])


def test_6_a_new_weight_needs_no_compile_and_a_compile_with_the_same_optimizer_keeps_it():
    x, y = data(16)
    trainer = ml.compile(two_heads(), keras.optimizers.Adam(0.01), loss=losses())
    trainer.train_on_batch(x, y)
    trainer.terms["value"].weight.assign(0.5)
    trainer.train_on_batch(x, y)
    kept = [ops.convert_to_numpy(variable).copy() for variable in trainer.optimizer.variables]
    assert int(ops.convert_to_numpy(trainer.optimizer.iterations)) == 2
    trainer.compile(trainer.optimizer, loss=losses(), loss_weights={"value": 0.1})
    for variable, value in zip(trainer.optimizer.variables, kept, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)
    logs = trainer.train_on_batch(x, y, return_dict=True)
    assert logs["value_weight"] == pytest.approx(0.1)
    assert int(ops.convert_to_numpy(trainer.optimizer.iterations)) == 3


def _settled(losses_of_the_terms, steps=600, **arguments):
    """The weights after many steps on losses that stay as they are, and the balancer's objective."""
    balancer = Uncertainty(normalize="none", **arguments)
    number = len(losses_of_the_terms)
    signals = Signals(losses=np.array(losses_of_the_terms, "float32"), present=np.ones(number, "bool"))
    state = balancer.init(number)
    for _ in range(steps):
        weights, state = balancer.weights(signals, state)
    return ops.convert_to_numpy(weights), float(ops.convert_to_numpy(balancer.objective(signals, state)))


def test_9_learned_weights_do_not_all_go_to_zero():
    """Descent on sum(w L) alone would drive every w to 0 or below; with the penalty they rest at 1 / (2 L)."""
    weights, _ = _settled([4.0, 0.25])
    np.testing.assert_allclose(weights, [1 / 8, 2.0], rtol=1e-3)


def test_10_a_negative_objective_is_no_fault_and_weights_may_exceed_1():
    weights, objective = _settled([0.01, 0.02])
    assert objective < 0
    np.testing.assert_allclose(weights, [50.0, 25.0], rtol=1e-2)


def test_11_the_state_is_the_log_variance_with_half_for_regression_only():
    """w = 1 / (2 sigma^2) and 1 / sigma^2 for s = log sigma^2: exp(-s), neither exp(-2 s) nor a learned w."""
    for kind, factor in (("regression", 0.5), ("classification", 1.0)):
        balancer = Uncertainty(kind=kind, normalize="none")
        (name, start), *others = balancer.init(1).items()
        assert not others
        for sigma in (0.5, 1.0, 3.0):
            signals = Signals(losses=np.ones(1, "float32"), present=np.ones(1, "bool"))
            state = {name: np.full_like(start, np.log(sigma**2))}
            weights, _ = balancer.weights(signals, state)
            assert float(ops.convert_to_numpy(weights)[0]) == pytest.approx(factor / sigma**2, rel=1e-5)
            objective = factor / sigma**2 + np.log(sigma)
            assert float(ops.convert_to_numpy(balancer.objective(signals, state))) == pytest.approx(objective, rel=1e-5)


@keras.saving.register_keras_serializable("tests")
class SoftmaxOfLosses(ml.Balancer):
    """Weights that are a function of the losses, written without `stop_gradient`."""

    needs = ml.Needs.LOSSES

    def raw_weights(self, signals, state):
        return ops.softmax(signals.losses), state


@pytest.mark.parametrize("balancer", [SoftmaxOfLosses(), "uncertainty"], ids=["softmax", "uncertainty"])
def test_12_and_33_weights_are_constants_and_cut_no_graph(balancer):
    """The step is that of a plain training with the same numbers as weights: every term still teaches the model."""
    trainer = _sgd(balancer=balancer)
    _step(trainer)
    plain = _sgd()
    plain.model.set_weights(weights_of(trainer.model))
    logs, change = _step(trainer)
    for name in ("value", "label"):
        plain.terms[name].weight.assign(logs[f"{name}_weight"])
    _, expected = _step(plain)
    assert largest_difference(change, expected) < 1e-6
    assert min(float(np.abs(part).max()) for part in change) > 1e-5


def test_17_weight_0_is_off_and_freezing_a_head_is_not():
    x, y = data(16)
    _, off = _step(_sgd(weights={"value": 0.0}))
    _, without = _step(_sgd({"label": losses()["label"]}))
    assert largest_difference(off, without) == 0.0
    frozen = two_heads()
    frozen.get_layer("value_head").trainable = False
    trainer = ml.compile(frozen, keras.optimizers.SGD(0.1), loss=losses())
    before = frozen.get_layer("trunk").get_weights()[0]
    trainer.train_on_batch(x, y)
    moved = frozen.get_layer("trunk").get_weights()[0] - before
    assert np.abs(moved - without[0]).max() > 1e-4  # the frozen head's loss still pulls at the trunk


def test_17_a_nan_behind_weight_0_is_not_let_through_in_silence():
    _, y = data(16)
    y["value"][0, 0] = np.nan
    trainer = _sgd(weights={"value": 0.0})
    before = weights_of(trainer.model)
    with pytest.raises(ValueError, match="loss of term 'value' is not finite"):
        _step(trainer, y=y)
    assert largest_difference(weights_of(trainer.model), before) == 0.0


def test_18_a_loss_reads_the_input_by_name_and_not_through_a_closure(tmp_path):
    trainer = _sgd({**losses(), "copy": ml.Joint(copies_the_input)})
    logs, _ = _step(trainer)
    assert logs["copy_loss"] > 0
    trainer.save(tmp_path / "run.keras")
    loaded = keras.saving.load_model(tmp_path / "run.keras")
    assert _step(loaded)[0] == _step(trainer)[0]


@keras.saving.register_keras_serializable("tests")
def copies_the_input(x, y_pred):
    return ops.mean(ops.square(x[:, :2] - y_pred["value"]), axis=-1)


def test_20_a_root_at_a_perfect_prediction_is_stopped_by_name():
    def root_mean_square(y_true, y_pred):
        return ops.sqrt(ops.mean(ops.square(y_true - y_pred), axis=-1))

    _, y = data(16)
    trainer = _sgd({"value": root_mean_square})
    trainer.model.set_weights([np.zeros_like(weight) for weight in weights_of(trainer.model)])
    y["value"][3] = 0.0  # predicted exactly
    with pytest.raises(ValueError, match=r"gradient of term 'value' is not finite.*square root at 0"):
        _step(trainer, y=y)
    assert max(float(np.abs(weight).max()) for weight in weights_of(trainer.model)) == 0.0


def test_23_and_24_a_weight_counts_once_and_the_logged_loss_is_raw():
    x, y = data(16)
    plain, half = _sgd({"value": "mse"}), _sgd({"value": "mse"}, {"value": 0.5})
    expected = np.square(plain.predict(x, verbose=0)["value"] - y["value"]).mean()
    validation = half.evaluate(x, y, batch_size=16, verbose=0, return_dict=True)
    (logs, whole), (half_logs, change) = _step(plain), _step(half)
    assert largest_difference([2 * part for part in change], whole) < 1e-7
    for raw in (logs["value_loss"], half_logs["value_loss"], validation["value_loss"]):
        assert raw == pytest.approx(expected, rel=1e-5)
    for weighted in (half_logs["loss"], validation["loss"]):
        assert weighted == pytest.approx(0.5 * expected, rel=1e-5)


def test_25_smaller_weights_win_by_loss_but_not_by_terms_and_metrics():
    x, y = data(16)
    large, small = [
        _sgd(weights={"value": weight}, metrics={"value": "mae"}).evaluate(x, y, verbose=0, return_dict=True)
        for weight in (1.0, 0.01)
    ]
    assert small["loss"] < large["loss"]
    assert small["value_loss"] == large["value_loss"]
    assert small["value_mae"] == large["value_mae"]


def test_26_the_yardstick_stands_while_the_balancer_moves():
    """A model that does not move: the objective falls by the log-variances alone, `val_loss` stays."""
    x, y = data(16)
    y["value"] *= 0.1
    trainer = ml.compile(two_heads(), keras.optimizers.SGD(0.0), loss=losses(), balancer=Uncertainty(learning_rate=0.3))
    history = trainer.fit(x, y, validation_data=(x, y), batch_size=8, epochs=4, verbose=0).history
    assert history["objective"][-1] < history["objective"][0] - 0.01
    np.testing.assert_allclose(history["val_loss"], history["val_loss"][0], rtol=1e-6)


@pytest.mark.parametrize(("optimizer", "ratio"), [(keras.optimizers.SGD, 1000.0), (keras.optimizers.Adam, 1.0)])
def test_27_all_losses_a_thousand_times_larger(optimizer, ratio):
    """Plain weights do what they say, whatever that means to the optimizer ..."""
    changes = []
    for weight in (1.0, 1000.0):
        trainer = ml.compile(two_heads(), optimizer(1e-4), loss=losses(), loss_weights=dict.fromkeys(losses(), weight))
        changes.append(np.concatenate([part.ravel() for part in _step(trainer)[1]]))
    assert np.abs(changes[1]).sum() / np.abs(changes[0]).sum() == pytest.approx(ratio, rel=1e-3)


def test_27_a_balancer_shares_out_and_does_not_scale_up():
    """... while a balancer's weights always add up to the number of terms."""
    logs, _ = _step(_sgd(balancer=SoftmaxOfLosses()))
    assert logs["value_weight"] + logs["label_weight"] == pytest.approx(2.0, rel=1e-5)

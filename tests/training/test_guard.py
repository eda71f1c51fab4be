"""A step that is not finite is never applied, and the error names the term."""

import threading

import keras
import numpy as np
import pytest
from models import data, largest_difference, losses, two_heads, weights_of

import multiloss as ml


@keras.saving.register_keras_serializable("tests")
def root_mean_square(y_true, y_pred):
    return keras.ops.sqrt(keras.ops.sum(keras.ops.square(y_pred - y_true), axis=-1))


def _state_of(trainer):
    variables = [*trainer.model.variables, *trainer.optimizer.variables]
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _trainer(balancer=None, **arguments):
    model = two_heads(norm=True, dropout=0.2)
    return ml.compile(model, keras.optimizers.Adam(0.01), loss=losses(), balancer=balancer, **arguments)


@pytest.mark.parametrize(
    ("balancer", "eager"), [(None, False), ("uncertainty", False), ("upgrad", False), (None, True)]
)
def test_nan_label_raises_and_changes_nothing(balancer, eager):
    trainer = _trainer(balancer, run_eagerly=eager)
    x, y = data()
    trainer.fit(x, y, batch_size=16, verbose=0)
    before = _state_of(trainer)
    y["value"][3, 1] = np.nan
    with pytest.raises(ValueError, match=r"loss of term 'value' is not finite in step 3.*missing='nan'.*label"):
        trainer.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert largest_difference(_state_of(trainer), before) == 0.0
    # The trainer is usable again with clean data.
    trainer.fit(*data(), batch_size=16, verbose=0)
    assert np.isfinite(np.concatenate([w.ravel() for w in weights_of(trainer.model)])).all()


def _perfect(trainer, model):
    """Data for which the prediction of `value` is exactly right for one sample."""
    model.get_layer("value_head").kernel.assign(np.zeros((8, 2)))
    x, y = data(16)
    y["value"][5] = 0.0
    return x, y


@pytest.mark.parametrize("balancer", [None, "mgda"])
def test_finite_loss_with_nan_gradient_names_the_term(balancer):
    model = two_heads()
    trainer = ml.compile(model, "adam", loss={**losses(), "value": root_mean_square}, balancer=balancer)
    x, y = _perfect(trainer, model)
    before = weights_of(model)
    with pytest.raises(ValueError, match=r"gradient of term 'value' is not finite in step 0, although.*square root"):
        trainer.fit(x, y, batch_size=16, epochs=3, verbose=0)
    assert largest_difference(weights_of(model), before) == 0.0


def test_skip_goes_on_and_counts():
    trainer = _trainer(on_nonfinite="skip")
    x, y = data()
    y["value"][20] = np.nan
    history = trainer.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0).history
    assert trainer.skipped_steps == 2
    assert history["skipped_steps"] == [1, 2]
    assert np.isfinite(history["loss"]).all()
    clean = _trainer(on_nonfinite="skip")
    kept = np.r_[0:16, 32:48]
    clean.fit(x[kept], {k: v[kept] for k, v in y.items()}, batch_size=16, epochs=1, shuffle=False, verbose=0)
    assert int(keras.ops.convert_to_numpy(clean.state["step"])) == 2


def test_skipped_step_equals_never_having_seen_the_batch():
    x, y = data()
    bad = {name: target.copy() for name, target in y.items()}
    bad["value"][16:32] = np.nan
    trainer, clean = _trainer(on_nonfinite="skip"), _trainer(on_nonfinite="skip")
    for start in (0, 16, 32):
        batch = slice(start, start + 16)
        trainer.train_on_batch(x[batch], {k: v[batch] for k, v in bad.items()})
        if start != 16:
            clean.train_on_batch(x[batch], {k: v[batch] for k, v in y.items()})
    assert largest_difference(_state_of(trainer), _state_of(clean)) == 0.0


def test_ignore_pays_nothing_and_lets_it_happen():
    trainer = _trainer(on_nonfinite="ignore")
    x, y = data()
    y["value"][3] = np.nan
    trainer.fit(x, y, verbose=0)
    assert np.isnan(np.concatenate([w.ravel() for w in weights_of(trainer.model)])).any()


def test_train_on_batch_raises_at_once():
    trainer = _trainer()
    x, y = data()
    y["label"] = y["label"].astype("float32")
    x[0, 0] = np.inf
    with pytest.raises(ValueError, match="is not finite"):
        trainer.train_on_batch(x, y)


def test_unknown_mode():
    with pytest.raises(ValueError, match=r"on_nonfinite.*'warn'"):
        _trainer(on_nonfinite="warn")


class _Sees(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append({name: float(value) for name, value in logs.items()})

    def on_epoch_end(self, epoch, logs=None):
        raise AssertionError("a checkpoint would see the logs of an epoch without a step")


def test_an_epoch_whose_every_step_was_skipped_is_an_error_and_its_logs_were_nan():
    trainer = _trainer(on_nonfinite="skip", metrics={"value": "mae"})
    x, y = data()
    trainer.fit(x, y, batch_size=16, verbose=0)
    before = _state_of(trainer)
    bad = {**y, "value": np.full_like(y["value"], np.nan)}
    sees = _Sees()
    for arguments in ({}, {"validation_data": (x, y)}):
        with pytest.raises(ValueError, match=r"one step of epoch 2.*3 skipped steps.*because of 'value'"):
            trainer.fit(x, bad, batch_size=16, epochs=2, initial_epoch=1, callbacks=[sees], verbose=0, **arguments)
    assert {"loss", "value_loss", "label_weight", "value_mae"} <= set(sees.logs[0])
    assert np.isnan([list(logs.values()) for logs in sees.logs]).all()
    assert largest_difference(_state_of(trainer), before) == 0.0
    # With one good step the logs are those of the good steps.
    y["value"][16:] = np.nan
    logs = trainer.fit(x, y, batch_size=16, shuffle=False, verbose=0).history
    assert np.isfinite([value[0] for value in logs.values()]).all()


class _Threads(keras.callbacks.Callback):
    """Takes any thread: told of a batch in the main one, it would mean that Keras waited for the batch's logs."""

    async_safe = True

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(threading.current_thread() is threading.main_thread())


@pytest.mark.parametrize("mode", ["raise", "skip", "ignore"])
def test_fit_waits_for_no_step_where_plain_keras_does_not(mode):
    plain, told = two_heads(), {}
    plain.compile("sgd", loss={"value": "mse", "label": "sparse_categorical_crossentropy"})
    for name, trained in {"plain": plain, "balanced": _trainer(on_nonfinite=mode)}.items():
        told[name] = _Threads()
        trained.fit(*data(), batch_size=16, verbose=0, callbacks=[told[name]])
    assert told["balanced"].seen == told["plain"].seen
    assert len(told["plain"].seen) == 3

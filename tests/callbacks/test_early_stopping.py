"""`EarlyStopping` over several monitors, against histories worked out by hand."""

import keras
import numpy as np
import pytest

from multiloss.callbacks import EarlyStopping
from multiloss.callbacks._history import MonitorHistory

# Accuracy goes up and error down; by hand, with patience 2:
#   epoch      0    1    2    3    4    5    6    7
#   acc      .50  .60  .58  .59  .70  .69  .68  .67     improves in 0, 1, 4
#   mae      9.0  8.0  8.5  7.5  7.6  7.7  7.4  7.9     improves in 0, 1, 3, 6
#   waits acc  0    0    1    2    0    1    2    3
#   waits mae  0    0    1    0    1    2    0    1
ACCURACY = [0.50, 0.60, 0.58, 0.59, 0.70, 0.69, 0.68, 0.67]
ERROR = [9.0, 8.0, 8.5, 7.5, 7.6, 7.7, 7.4, 7.9]


class Weights:
    """What a callback asks of a model; its weight is the number of the epoch."""

    def __init__(self):
        self.stop_training, self.weights = False, [np.array(-1.0)]

    def get_weights(self):
        return [weight.copy() for weight in self.weights]

    def set_weights(self, weights):
        self.weights = weights


def run(callback, *histories, names=("acc", "mae")):
    """The number of epochs that a history runs under a callback, and the model."""
    model = Weights()
    callback.set_model(model)
    callback.on_train_begin()
    logs = {}
    for epoch, values in enumerate(zip(*histories, strict=True)):
        model.weights = [np.array(float(epoch))]
        logs = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        callback.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    callback.on_train_end(logs)
    return epoch + 1, model


def stop(rule, **options):
    return EarlyStopping({"acc": "max", "mae": "min"}, rule=rule, **options)


@pytest.mark.parametrize(
    ("rule", "patience", "epochs"),
    [
        ("all", 0, 3),  # both stand still in epoch 2
        ("all", 1, 3),
        ("all", 2, 8),  # never do both wait for two
        ("any", 2, 4),  # accuracy waits for two in epoch 3
        ("any", 3, 8),  # accuracy waits for three in epoch 7
    ],
)
def test_all_and_any_by_hand(rule, patience, epochs):
    callback = stop(rule, patience=patience)
    assert run(callback, ACCURACY, ERROR)[0] == epochs
    last = {("all", 2): None}.get((rule, patience), epochs - 1)
    assert callback.stopped_epoch == last


def test_a_longer_course_stops_under_all():
    # From epoch 6 on nothing improves: both wait for two in epoch 8 (accuracy for four).
    assert run(stop("all", patience=2), [*ACCURACY, 0.6, 0.6], [*ERROR, 8.0, 8.0])[0] == 9


def test_mean_rank_by_hand():
    # After epoch 4: ranks of acc 5 2 4 3 1, of mae 5 3 4 1 2; means 5, 2.5, 4, 2, 1.5: epoch 4 is best.
    history = MonitorHistory(["max", "min"], [0.0, 0.0])
    for epoch in range(5):
        history.add(epoch, [ACCURACY[epoch], ERROR[epoch]])
    np.testing.assert_allclose(history.mean_ranks(), [5, 2.5, 4, 2, 1.5])
    assert history.best() == 4
    assert history.candidates() == [3, 4]
    # After epoch 6: acc 7 4 6 5 1 2 3, mae 7 5 6 2 3 4 1; means 7, 4.5, 6, 3.5, 2, 3, 2: of equal ones the earliest.
    for epoch in (5, 6):
        history.add(epoch, [ACCURACY[epoch], ERROR[epoch]])
    np.testing.assert_allclose(history.mean_ranks(), [7, 4.5, 6, 3.5, 2, 3, 2])
    assert (history.best(), history.since_best()) == (4, 2)


@pytest.mark.parametrize(
    ("patience", "epochs", "best"),
    [
        (2, 4, 1),  # after epoch 3 the means are 4, 1.5, 3, 1.5: epoch 1, two ago
        (3, 8, 4),  # after epoch 7 they are 8, 5.5, 7, 4, 2, 3, 2, 4.5: epoch 4, three ago
    ],
)
def test_mean_rank_stops_and_goes_back(patience, epochs, best):
    callback = stop("mean_rank", patience=patience, restore_best_weights=True)
    ran, model = run(callback, ACCURACY, ERROR)
    assert (ran, callback.best_epoch, float(model.weights[0])) == (epochs, best, best)


def test_min_delta_counts_in_waits_and_ranks():
    history = MonitorHistory(["max", "min"], [0.02, 1.0])
    for epoch in range(4):
        history.add(epoch, [ACCURACY[epoch], ERROR[epoch]])
    # Better by more than 0.02 and 1: acc .60 .58 .59 are one class; mae 7.5 beats 9.0 alone, and 8.0 beats none.
    np.testing.assert_allclose(history.mean_ranks(), [(4 + 2) / 2, 1, 1, 1])
    assert history.waits() == [2, 0]
    assert stop("all", min_delta={"mae": 1.0}).min_delta == {"acc": 0.0, "mae": 1.0}


@pytest.mark.parametrize("rule", ["all", "any", "mean_rank"])
def test_the_best_weights_of_a_random_history(rule):
    """Only the epochs kept are needed, whatever comes: the best of them is the best of all."""
    generator = np.random.default_rng(0)
    for _ in range(30):
        values = generator.integers(0, 6, size=(2, 12)).astype(float)  # with many ties
        callback = stop(rule, patience=99, restore_best_weights=True)
        _, model = run(callback, *values)
        better = [(values[0][:, None] < values[0]), (values[1][:, None] > values[1])]
        ranks = 1 + np.mean([table.sum(axis=1) for table in better], axis=0)
        preferable = (better[0] | better[1]) & ~better[0].T & ~better[1].T
        open_to = np.flatnonzero(~preferable.any(axis=1))
        best = min(open_to, key=lambda epoch: (ranks[epoch], epoch))
        assert ranks[best] == ranks.min()
        assert float(model.weights[0]) == best == callback.best_epoch


def test_nan_is_never_better():
    assert run(stop("any", patience=2), [0.1, np.nan, np.nan, 0.2], [4.0, 3.0, 2.0, 1.0])[0] == 3
    callback = stop("mean_rank", patience=5)
    run(callback, [np.nan, 0.1, np.nan], [np.nan, 3.0, 2.0])
    assert callback.best_epoch == 1


def test_epochs_before_the_start_do_not_count():
    assert run(stop("all", patience=1, start_from_epoch=4), ACCURACY, ERROR)[0] == 6
    callback = stop("mean_rank", patience=1, start_from_epoch=4, restore_best_weights=True)
    _, model = run(callback, [9.0, *ACCURACY], [0.0, *ERROR])
    assert callback.best_epoch >= 4
    assert float(model.weights[0]) == callback.best_epoch


def test_a_callback_can_be_used_again():
    callback = stop("any", patience=2)
    assert run(callback, ACCURACY, ERROR)[0] == run(callback, ACCURACY, ERROR)[0] == 4


def test_validation_every_second_epoch():
    """Epochs without a validation log do not count, and names mean validation once there is any."""
    absent = [None] * 6
    validation = [None, 5.0, None, 6.0, None, 7.0]
    falling = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    names = ("mae", "val_mae", "val_other")
    for name in ("mae", "val_mae"):
        callback = EarlyStopping({name: "min"}, patience=2)
        assert run(callback, falling, validation, absent, names=names)[0] == 6
        assert callback.best_epoch == 1
    assert run(EarlyStopping({"mae": "min"}, patience=2), falling, absent, absent, names=names)[0] == 6


def test_an_unknown_monitor_lists_the_logs():
    with pytest.raises(ValueError, match=r"Unknown log 'accc'. Did you mean 'acc'\? Known: acc, mae"):
        run(EarlyStopping({"accc": "max"}), ACCURACY, ERROR)
    with pytest.raises(ValueError, match="Unknown log 'val_loss'"):
        run(EarlyStopping({"val_loss": "min"}), ACCURACY, ERROR, names=("loss", "val_mae"))


def test_a_training_without_validation_is_told():
    with pytest.warns(UserWarning, match="judged no epoch: val_acc"):
        run(EarlyStopping({"val_acc": "max"}), ACCURACY, ERROR)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"monitors": {}}, "at least one log"),
        ({"monitors": "val_loss"}, "at least one log"),
        ({"monitors": {"loss": "auto"}}, "must be 'max' or 'min'"),
        ({"monitors": {"loss": "min"}, "rule": "most"}, "`rule` must be one of"),
        ({"monitors": {"loss": "min"}, "patience": -1}, "`patience` must be"),
        ({"monitors": {"loss": "min"}, "start_from_epoch": 0.5}, "`start_from_epoch` must be"),
        ({"monitors": {"loss": "min"}, "min_delta": -1}, "`min_delta` must be"),
        ({"monitors": {"loss": "min"}, "min_delta": {"lose": 1}}, "Did you mean 'loss'"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**arguments)


def test_in_a_real_training_of_a_plain_model(capsys):
    """On every backend the model ends with the weights of its best epoch."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.9), "mse", metrics=["mae"])  # far too fast: the first epoch is the best
    callback = EarlyStopping({"loss": "min", "mae": "min"}, patience=2, restore_best_weights=True, verbose=1)
    kept = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(model.get_weights()))
    history = model.fit(
        x, x[:, :1], validation_data=(x, x[:, :1]), epochs=20, batch_size=8, verbose=0, callbacks=[watch, callback]
    )
    best = callback.best_epoch
    assert callback.stopped_epoch is not None
    assert history.history["val_loss"][best] == min(history.history["val_loss"])
    for value, expected in zip(model.get_weights(), kept[best], strict=True):
        np.testing.assert_array_equal(value, expected)
    assert f"the best epoch was {best + 1}" in capsys.readouterr().out

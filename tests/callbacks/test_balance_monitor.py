"""`BalanceMonitor`: right numbers in the logs, and nothing changed by it."""

import csv

import keras
import numpy as np
import pytest

import multiloss as ml
from multiloss.callbacks import BalanceMonitor

NAMES = ("value", "label", "again")


def data(samples=48):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(samples, 4)).astype("float32")
    return x, {
        "value": x[:, :2],
        "label": generator.integers(0, 3, samples).astype("int32"),
        "again": -3.0 * x[:, :1],
    }


@pytest.fixture(scope="module")
def trainer():
    """One for all tests: compiling takes longer than their trainings. Batches of 8, and nobody minds its weights."""
    inputs = keras.Input((4,))
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(8, activation="tanh", name="trunk")(inputs))
    hidden = keras.layers.Dropout(0.2, seed=3)(hidden)
    model = keras.Model(
        inputs,
        {
            "value": keras.layers.Dense(2)(hidden),
            "label": keras.layers.Dense(3, activation="softmax")(hidden),
            "again": keras.layers.Dense(1)(hidden),
        },
    )
    loss = {"value": ml.Term("mse", scale="running_mean"), "label": "sparse_categorical_crossentropy", "again": "mse"}
    made = ml.compile(model, "sgd", loss=loss, balancer="db_mtl")
    fit(made, epochs=1)  # the first fit looks at a batch beforehand, and draws one more order by that
    return made


def fit(trainer, *callbacks, source=None, epochs=2):
    x, y = data()
    arguments = {"x": x, "y": y, "batch_size": 8} if source is None else {"x": source}
    return trainer.fit(**arguments, epochs=epochs, verbose=0, callbacks=list(callbacks)).history


class Numbered(keras.utils.PyDataset):
    """Batches by number, whose content changes with each epoch."""

    epoch = 0

    def __len__(self):
        return 6

    def __getitem__(self, index):
        x, y = data()
        rows = slice(8 * index, 8 * index + 8)
        return x[rows] * (1 + self.epoch), {name: target[rows] for name, target in y.items()}

    def on_epoch_end(self):
        self.epoch += 1


@pytest.mark.parametrize("source", [None, Numbered])
def test_it_changes_nothing(trainer, source):
    variables = [*trainer.variables, *trainer.optimizer.variables]
    start = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
    ends, histories = [], []
    for callbacks in ([], [BalanceMonitor(every=2)]):
        keras.utils.set_random_seed(5)
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
        histories.append(fit(trainer, *callbacks, source=source and source()))
        ends.append([np.array(keras.ops.convert_to_numpy(variable)) for variable in variables])
    for plain, watched in zip(*ends, strict=True):
        np.testing.assert_array_equal(plain, watched)
    assert {name: histories[1][name] for name in histories[0]} == histories[0]
    assert not all(np.array_equal(before, after) for before, after in zip(start, ends[0], strict=True))


def test_shares_and_summaries_follow_from_the_other_logs(trainer):
    history = fit(trainer, BalanceMonitor(every=1), epochs=1)
    pulls = np.array([history[f"{name}_gradient_norm"][0] * history[f"{name}_weight"][0] for name in NAMES])
    shares = [history[f"{name}_gradient_share"][0] for name in NAMES]
    np.testing.assert_allclose(shares, pulls / pulls.sum(), rtol=1e-6)
    pairs = [history[f"{a}_vs_{b}_cosine"][0] for a, b in (("value", "label"), ("value", "again"), ("label", "again"))]
    assert history["cosine_mean"][0] == pytest.approx(np.mean(pairs))
    assert history["cosine_min"][0] == pytest.approx(min(pairs))
    assert 0.0 <= history["conflicts"][0] <= 1.0


def test_without_noise_the_numbers_are_exact():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="trunk")(inputs)
    model = keras.Model(inputs, {"a": keras.layers.Dense(1)(hidden), "b": keras.layers.Dense(1)(hidden)})
    loss, weights = {"a": "mse", "b": "mse"}, {"b": -0.5}
    made = ml.compile(model, keras.optimizers.SGD(0.0), loss=loss, loss_weights=weights)
    x = data()[0]
    y = {"a": x[:, :1], "b": x[:, 1:2]}
    probe = made.probe(x, y)
    history = made.fit(x, y, batch_size=48, verbose=0, callbacks=[BalanceMonitor()]).history
    lengths = np.sqrt(np.diag(probe.gramian))
    assert history["a_gradient_norm"][0] == pytest.approx(lengths[0], rel=1e-4)
    assert history["b_gradient_norm"][0] == pytest.approx(lengths[1], rel=1e-4)
    pulls = lengths * [1.0, 0.5]
    assert history["b_gradient_share"][0] == pytest.approx(pulls[1] / pulls.sum(), rel=1e-4)
    # The weight is negative: what the term asks for is turned round.
    assert history["a_vs_b_cosine"][0] == pytest.approx(-probe.gramian[0, 1] / lengths.prod(), rel=1e-3, abs=1e-5)


class Counting(keras.callbacks.Callback):
    """Counts the probes of a monitor at the end of each epoch."""

    def __init__(self, monitor):
        super().__init__()
        self.monitor, self.counts, self.logs = monitor, [], []

    def on_epoch_end(self, epoch, logs=None):
        self.counts.append(len(self.monitor._probes))
        self.logs.append(dict(logs))


@pytest.mark.parametrize(("every", "counts"), [(1, [6, 6]), (4, [1, 2]), (100, [1, 1])])
def test_every_so_many_steps_and_at_least_once_an_epoch(trainer, every, counts):
    monitor = BalanceMonitor(every=every)
    counting = Counting(monitor)
    history = fit(trainer, counting, monitor)
    assert counting.counts == counts
    assert len(history["conflicts"]) == 2


def test_the_other_callbacks_see_its_logs_wherever_they_stand(trainer, tmp_path):
    monitor = BalanceMonitor()
    seen = Counting(monitor)
    table = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    stop = ml.callbacks.EarlyStopping({"cosine_min": "max"}, patience=9)
    history = fit(trainer, seen, table, stop, monitor)
    assert "value_gradient_share" in seen.logs[0]
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["again_gradient_norm"]) for row in rows] == pytest.approx(history["again_gradient_norm"])
    assert stop.best_epoch is not None


def test_many_terms_have_no_pairs_of_their_own(trainer):
    history = fit(trainer, BalanceMonitor(pairs_up_to=2), epochs=1)
    assert not [name for name in history if "_vs_" in name]
    assert {"cosine_mean", "cosine_min", "conflicts"} <= set(history)


def test_one_term_has_no_pairs():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    made = ml.compile(model, "sgd", loss="mse")
    x = data()[0]
    history = made.fit(x, x[:, :1], verbose=0, callbacks=[BalanceMonitor()]).history
    (share,) = [name for name in history if name.endswith("gradient_share")]
    assert history[share] == [1.0]
    assert "conflicts" not in history


def test_a_generator_needs_data(trainer):
    x, y = data()

    def generator():
        while True:
            yield x[:8], {name: target[:8] for name, target in y.items()}

    options = {"steps_per_epoch": 2, "shuffle": False, "verbose": 0}
    with pytest.raises(ValueError, match=r"Received: a generator. Give it some: BalanceMonitor\(data=\(x, y\)\)"):
        trainer.fit(generator(), callbacks=[BalanceMonitor()], **options)
    monitor = BalanceMonitor(data=(x, y), batch_size=8)
    history = trainer.fit(generator(), callbacks=[monitor], **options).history
    assert "conflicts" in history


def test_samples_kept_for_validation_are_not_probed(trainer):
    x, y = data()
    monitor = BalanceMonitor(every=1)
    lengths = []
    keep = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: lengths.append(monitor._batches.length))
    trainer.fit(x, y, batch_size=8, validation_split=0.5, verbose=0, callbacks=[keep, monitor])
    assert lengths == [24]


def test_a_plain_model_has_no_terms():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = data()[0]
    with pytest.raises(ValueError, match="BalanceMonitor watches the terms of a multiloss trainer"):
        model.fit(x, x[:, :1], verbose=0, callbacks=[BalanceMonitor(data=(x, x[:, :1]))])


@pytest.mark.parametrize("every", [0, 1.5, True])
def test_mistakes(every):
    with pytest.raises(ValueError, match="`every` must be"):
        BalanceMonitor(every=every)

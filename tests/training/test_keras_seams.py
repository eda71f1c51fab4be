"""Each touch of private Keras: fails when Keras changes what we rely on."""

import inspect

import keras
import numpy as np
import pytest
from models import data, losses, two_heads

import multiloss as ml
from multiloss.training import _keras_seams as seams


def test_install_trackers():
    """Keras's trainer resets, carries and logs `_loss_tracker` and `_compile_metrics`."""
    source = inspect.getsource(keras.Model.metrics.fget)
    assert "_loss_tracker" in source
    assert "_compile_metrics" in source
    trainer = ml.compile(two_heads(), "sgd", loss=losses(), metrics={"value": "mae"})
    assert trainer.metrics[0] is trainer.program.tracker
    assert {id(v) for v in trainer.program.tracker.variables} <= {id(v) for v in trainer.metrics_variables}


def test_untracked():
    layer = keras.layers.Layer()
    variable = keras.Variable(1.0)
    seams.untracked(layer, kept=variable, plain={"a": 1})
    assert layer.kept is variable
    assert not type(layer.plain).__module__.startswith("keras")  # TensorFlow wraps dicts of its own accord
    assert layer.variables == []


class _Reads(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.steps = []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(
            int(np.asarray(keras.ops.convert_to_numpy(seams.current_value(self.model, self.model.state["step"]))))
        )


def test_current_value_inside_a_running_loop():
    x, y = data()
    trainer = ml.compile(two_heads(), "sgd", loss=losses())
    reads = _Reads()
    trainer.fit(x, y, batch_size=16, epochs=2, callbacks=[reads], verbose=0)
    assert reads.steps == [1, 2, 3, 4, 5, 6]


def test_sync_state_outside_a_loop_changes_nothing():
    trainer = ml.compile(two_heads(), "sgd", loss=losses())
    seams.sync_state(trainer)
    assert trainer.terms["value"].weight.value == 1.0


def test_questions_about_files(monkeypatch):
    """`trainer.save` asks in Keras's words, and leaves to Keras what Keras takes for remote."""
    source = inspect.getsource(keras.saving.save_model) + inspect.getsource(keras.saving.save_weights)
    assert source.count("ask_to_proceed_with_overwrite") == 2
    monkeypatch.setattr("builtins.input", lambda text: "y" if "here.keras already exists" in text else "n")
    assert seams.ask_to_overwrite("/a/here.keras")
    assert not seams.ask_to_overwrite("/a/elsewhere")
    assert [seams.is_remote_path(path) for path in ("gs://a/b.keras", "/gcs/b.keras", "b.keras")] == [True, True, False]


def test_values_kept_after_an_error_while_tracing():
    """JAX's loop takes `_value` out of the variables before it traces."""
    trainer = ml.compile(two_heads(), "adam", loss=losses())
    before = [np.array(keras.ops.convert_to_numpy(variable)) for variable in trainer.variables]

    def fail_while_empty():
        with seams.values_kept(trainer):
            if keras.backend.backend() == "jax":
                trainer._get_jax_state(
                    trainable_variables=True, non_trainable_variables=True, purge_model_variables=True
                )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_while_empty()
    for variable, value in zip(trainer.variables, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), value)


def test_symbolic_build_is_called_before_training():
    assert "_symbolic_build" in inspect.getsource(keras.Model.fit)
    assert "_symbolic_build" in inspect.getsource(keras.Model.train_on_batch)


def test_peek_does_not_use_up_a_generators_first_batch():
    x, y = data()
    seen = []

    def batches():
        for start in (0, 16, 32):
            seen.append(start)
            yield x[start : start + 16], {name: target[start : start + 16] for name, target in y.items()}

    trainer = ml.compile(two_heads(), "sgd", loss=losses())
    trainer.fit(batches(), steps_per_epoch=3, shuffle=False, verbose=0)
    assert int(keras.ops.convert_to_numpy(trainer.state["step"])) == 3


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only there does Keras look at no batch itself")
def test_look_draws_no_order_and_starts_no_workers():
    """The first epochs are the same ones with a look before them and without."""
    import tensorflow as tf
    from keras.src.backend.tensorflow.trainer import TFEpochIterator

    class Batches(keras.utils.PyDataset):
        num_batches = 4

        def __getitem__(self, index):
            return (np.full((2, 1), index, "float32"),)

    def orders(make, looks):
        tf.random.set_seed(0)
        iterator = TFEpochIterator(x=make(), distribute_strategy=tf.distribute.get_strategy())
        if looks:
            assert tuple(seams.look(iterator)[0].shape)[1:] == (1,)
        epochs = [[int(next(data)[0][0, 0]) for _, _, data in iterator] for _ in range(2)]
        iterator.reset()
        return epochs

    rows = np.arange(8, dtype="float32")[:, None]
    shuffled = orders(lambda: tf.data.Dataset.from_tensor_slices((rows,)).shuffle(8).batch(2), looks=True)
    assert shuffled == orders(lambda: tf.data.Dataset.from_tensor_slices((rows,)).shuffle(8).batch(2), looks=False)
    assert shuffled[0] != shuffled[1]
    assert orders(lambda: Batches(workers=2), looks=True) == [[0, 1, 2, 3]] * 2


def test_output_spec():
    spec = seams.output_spec(lambda a, b: {"sum": a + b}, np.zeros((5, 3), "float32"), np.zeros((5, 3), "float32"))
    assert tuple(spec["sum"].shape) == (5, 3)


def test_ctrl_c_is_not_lost_in_output_spec():
    """Keras takes it for a fault of the meta device on PyTorch, and tries again."""
    times = []

    def interrupted_once(a):
        times.append(1)
        if len(times) == 1:
            raise KeyboardInterrupt
        return a

    with pytest.raises(KeyboardInterrupt):
        seams.output_spec(interrupted_once, np.zeros((5, 3), "float32"))


def test_clear_functions():
    trainer = ml.compile(two_heads(), "sgd", loss=losses())
    trainer.fit(*data(), verbose=0)
    assert trainer.train_function is not None
    seams.clear_functions(trainer)
    assert trainer.train_function is None
    trainer.fit(*data(), verbose=0)


def test_times_called():
    layer, x = keras.layers.Dense(2), keras.Input((2,))
    assert seams.times_called(layer) == 0
    layer(layer(x))
    assert seams.times_called(layer) == 2


def test_keras_mask():
    embedded = keras.layers.Embedding(5, 3, mask_zero=True)(np.array([[1, 0]]))
    assert keras.ops.convert_to_numpy(seams.keras_mask(embedded)).tolist() == [[True, False]]
    assert seams.keras_mask(keras.ops.ones((2,))) is None
    copy = seams.with_mask(keras.ops.cast(embedded, "float16"), seams.keras_mask(embedded))
    assert seams.keras_mask(copy) is seams.keras_mask(embedded)
    assert seams.keras_mask(seams.with_mask(keras.ops.ones((2,)), None)) is None


@pytest.mark.parametrize("name", ["compile", "fit", "train_on_batch"])
def test_signatures_that_we_pass_through(name):
    ours = set(inspect.signature(getattr(ml.MultiLossModel, name)).parameters)
    if name == "compile":
        assert {"optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"} <= ours
    else:
        assert "callbacks" in inspect.signature(keras.Model.fit).parameters


def test_log_directions():
    """Keras's callbacks look for lists of metrics, and read `name` and `_direction` of their entries."""
    from keras.src.callbacks import monitor_callback

    source = inspect.getsource(monitor_callback.MonitorCallback._set_monitor_op)
    assert all(part in source for part in ("self.model.metrics", "MetricsList", "m.name", "_direction"))
    directions = seams.LogDirections(lambda: {"a": "up"})
    assert [(entry.name, entry._direction) for entry in directions.metrics] == [("a", "up")]
    assert (directions.variables, directions.result()) == ([], {})


def test_direction_of():
    assert seams.direction_of(keras.metrics.MeanAbsoluteError()) == "down"
    assert seams.direction_of(keras.metrics.Mean()) is None
    assert seams.direction_of(seams.directed(keras.metrics.Mean(), "up")) == "up"


def test_frozen_variables():
    model = two_heads(norm=True)
    assert seams.frozen_variables(model) == []
    trunk = model.get_layer("trunk")
    trunk.trainable = False
    assert {id(v) for v in seams.frozen_variables(model)} == {id(v) for v in trunk.variables}


def test_loads_only_safe_objects():
    """So in the scope that `load_model(safe_mode=False)` opens and outside of any, but for who switched it off."""
    from keras.src.saving.serialization_lib import SafeModeScope

    assert seams.loads_only_safe_objects()
    for safe in (True, False):
        with SafeModeScope(safe):
            assert seams.loads_only_safe_objects() is safe


def test_saveable(tmp_path):
    """Keras writes what stands under an attribute, private ones last, and gives it its place in the file."""
    places = []

    class Last(seams.Saveable):
        def save_own_variables(self, store):
            places.append([seams.whole_file(store, place) is not None for place in ("_zz_last", "")])
            store["seen"] = np.array(["layers" in store.h5_file])

        def load_own_variables(self, store):
            seen.extend(store["seen"])

    seen = []
    model = two_heads()
    seams.untracked(model, _zz_last=Last())
    model.save_weights(tmp_path / "a.weights.h5")
    model.load_weights(tmp_path / "a.weights.h5")
    assert places == [[True, False]]
    assert seen == [True]
    store = seams.weights_file(tmp_path / "a.weights.h5")
    assert "_zz_last" in store.h5_file
    assert seams.whole_file(store.get(""), "") is store.h5_file
    store.close()
    assert seams.whole_file({}, "") is None


def test_of_any_backend():
    """PyTorch's SGD has a module of its own; what is named after no backend stays as it is."""
    inner = keras.saving.serialize_keras_object(keras.optimizers.SGD(0.1))
    outer = keras.saving.serialize_keras_object(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)))
    assert inner["module"].startswith("keras.src.backend.torch.") == (keras.backend.backend() == "torch")
    for config in (inner, outer):
        named = seams.of_any_backend(config)
        assert named["module"] == "keras.optimizers"
        assert "keras.src" not in str(named)
        assert type(keras.saving.deserialize_keras_object(named)) is type(keras.saving.deserialize_keras_object(config))
    written_on_torch = {"module": "keras.src.backend.torch.optimizers.torch_sgd", "class_name": "SGD", "config": {}}
    assert seams.of_any_backend([written_on_torch]) == [{**written_on_torch, "module": "keras.optimizers"}]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute")
def test_strategies():
    import tensorflow as tf

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    assert seams.strategy_of(two_heads()) is None
    with strategy.scope():
        model = two_heads()
        assert seams.strategy_of(model) is strategy
    with seams.scope_of(model):
        assert tf.distribute.get_strategy() is strategy
    with seams.scope_of(object()):
        assert not tf.distribute.has_strategy()
    # Between workers Keras reduces logs over a first axis, which those of a step do not have.
    assert seams.reduces_first_axis(strategy) is False
    assert callable(tf.distribute.MultiWorkerMirroredStrategy().extended._in_multi_worker_mode)
    both = strategy.extended.call_for_each_replica(lambda: tf.constant(3.0))
    assert float(seams.first_part(both)) == 3.0
    assert seams.first_part(5) == 5


def test_who_sums_metrics_up():
    """From Keras 3.16 on PyTorch's trainer does so; before, and elsewhere, nobody."""
    later = tuple(int(part) for part in keras.__version__.split(".")[:2]) >= (3, 16)
    assert seams.sums_metrics(two_heads()) == (later and keras.backend.backend() == "torch")

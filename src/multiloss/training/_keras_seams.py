"""Every touch of private Keras. Each has a test in tests/training/test_keras_seams.py that fails when Keras changes."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import keras
from keras.src.backend import compute_output_spec
from keras.src.saving.keras_saveable import KerasSaveable
from keras.src.saving.saving_lib import H5IOStore, ShardedH5IOStore
from keras.src.saving.serialization_lib import in_safe_mode
from keras.src.trainers.compile_utils import MetricsList
from keras.src.trainers.data_adapters.tf_dataset_adapter import TFDatasetAdapter
from keras.src.trainers.data_adapters.torch_data_loader_adapter import TorchDataLoaderAdapter
from keras.src.trainers.epoch_iterator import EpochIterator
from keras.src.utils.file_utils import is_remote_path as is_remote_path
from keras.src.utils.io_utils import ask_to_proceed_with_overwrite
from keras.src.utils.tracking import DotNotTrackScope

from .._core.keras_masks import keras_mask as keras_mask
from .._core.keras_masks import with_mask as with_mask


def install_trackers(model: Any, tracker: keras.metrics.Metric, metrics: keras.metrics.Metric | None) -> None:
    """Puts our trackers where Keras's trainer keeps its own, so that all its loops reset, carry and log them."""
    with DotNotTrackScope():
        model._loss_tracker = tracker
        model._compile_metrics = metrics


def loads_only_safe_objects() -> bool:
    """Whether no code may come out of a file that is loaded now: so, unless the user allowed it."""
    return in_safe_mode() is not False


class LogDirections(MetricsList):
    """Tells Keras's callbacks which logs are better when lower: among a model's metrics they look for such a list.

    Args:
        directions: gives `"up"` or `"down"` by the logs' names.
    """

    def __init__(self, directions: Callable[[], Mapping[str, str]]):
        keras.metrics.Metric.__init__(self, name="directions")
        untracked(self, _directions=directions)

    @property
    def metrics(self) -> list[Any]:
        """Entries with what callbacks read of a metric."""
        return [SimpleNamespace(name=name, _direction=way) for name, way in self._directions().items()]

    @property
    def variables(self) -> list[keras.Variable]:
        """None: it counts nothing."""
        return []

    def result(self) -> dict[str, Any]:
        """No log of its own."""
        return {}

    def reset_state(self) -> None:
        """Nothing to reset."""


def direction_of(metric: keras.metrics.Metric) -> str | None:
    """`"up"` or `"down"`, where Keras knows it."""
    return getattr(metric, "_direction", None)


def directed(metric: keras.metrics.Metric, direction: str) -> keras.metrics.Metric:
    """The metric, which is better when higher (`"up"`) or lower (`"down"`)."""
    metric._direction = direction
    return metric


def untracked(owner: Any, **attributes: Any) -> None:
    """Sets attributes without Keras wrapping or tracking them."""
    with DotNotTrackScope():
        for name, value in attributes.items():
            setattr(owner, name, value)


def sync_state(model: Any) -> None:
    """Writes the values of a running JAX loop back into the variables; nothing to do elsewhere."""
    if getattr(model, "_jax_state", None):
        getattr(model, "state_sync", model.jax_state_sync)()  # its name depends on the release


@contextlib.contextmanager
def values_kept(model: Any) -> Iterator[None]:
    """Gives the variables their values back after an error: JAX's loops empty them before they trace the first step."""
    if getattr(model, "_jax_state_synced", False):
        model._jax_state = None  # what is left there of an earlier loop must not come back
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *model.metrics_variables, *(optimizer.variables if optimizer else ())]
    kept = [(variable, getattr(variable, "_value", None)) for variable in variables]
    try:
        yield
    except BaseException:
        sync_state(model)  # of a later step there are newer ones; Keras does it at the end of a training alone
        for variable, value in kept:
            if getattr(variable, "_value", None) is None:
                variable._value = value
        raise


def current_value(model: Any, variable: keras.Variable) -> Any:
    """A copy of a non-trainable variable's value in a running loop, without waiting for the device."""
    state = getattr(model, "_jax_state", None)
    if state and not model._jax_state_synced:
        position = next(i for i, v in enumerate(model.non_trainable_variables) if v is variable)
        return state["non_trainable_variables"][position] + 0
    return variable.value + 0


def peek(iterator: Any) -> Any:
    """The first batch of an epoch iterator, which is reset afterwards; a generator's first batch is not used up."""
    adapter = getattr(iterator, "data_adapter", None)
    if (first := getattr(adapter, "_first_batches", None)) is not None:
        return first[0]
    for _, _, data in iterator:
        return data[0] if isinstance(data, list | tuple) else next(data)
    return None


def look(iterator: Any) -> Any:
    """The first batch, or its shapes alone, with what is drawn for it in plain Keras: no order on TensorFlow.

    A shuffled `tf.data.Dataset` or `DataLoader` gives its next order to whoever asks; workers of a `PyDataset` begin.
    """
    adapter = iterator.data_adapter
    if keras.backend.backend() == "jax":  # whose trainer asks the data, as its own batches may be several in one array
        return next(iter(adapter.get_jax_iterator()), None)
    if (dataset := getattr(adapter, "py_dataset", None)) is not None:
        return adapter._standardize_batch(dataset[0])
    if isinstance(adapter, TFDatasetAdapter | TorchDataLoaderAdapter):
        specs = iterator._get_iterator().element_spec
        if any(type(spec).__name__ == "PerReplicaSpec" for spec in keras.tree.flatten(specs)):
            specs = adapter.get_tf_dataset().element_spec
        if all(type(spec).__name__ == "TensorSpec" and spec.shape.rank for spec in keras.tree.flatten(specs)):
            return specs
    return keras.tree.map_structure(first_part, peek(iterator))


def first_part(leaf: Any) -> Any:
    """What the first replica of a `tf.distribute` strategy has of a value."""
    return leaf.values[0] if type(leaf).__name__ == "PerReplica" else leaf


def strategy_of(host: Any) -> Any:
    """The `tf.distribute` strategy under whose scope the host was made; None without one."""
    return getattr(host, "_distribute_strategy", None)


def scope_of(host: Any) -> contextlib.AbstractContextManager[Any]:
    """The scope in which the host's variables are made."""
    strategy = strategy_of(host)
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def batches(x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None) -> Iterator[tuple]:
    """Batches of `(x, y, sample_weight)` as NumPy arrays, from whatever `evaluate` takes as data."""
    iterator = EpochIterator(
        x, y, sample_weight, batch_size=batch_size, steps_per_epoch=steps, shuffle=False, steps_per_execution=1
    )
    with warnings.catch_warnings():
        # That a generator of unknown length comes to its end is nothing to warn of.
        warnings.filterwarnings("ignore", message=".*ran out of data.*")
        for _, _, buffer in iterator:
            for data in buffer:
                yield keras.utils.unpack_x_y_sample_weight(data)


def output_spec(function: Any, *arguments: Any) -> Any:
    """What a function would return for arrays of these shapes, computed without data where that can be done.

    Where the function fails without data, Keras tries again on numbers, on PyTorch and after Ctrl-C as well: that one
    would be lost.
    """
    interrupts: list[KeyboardInterrupt] = []

    def symbolic(leaf: Any) -> Any:
        if leaf is None:
            return None
        return keras.KerasTensor(tuple(leaf.shape), keras.backend.standardize_dtype(leaf.dtype))

    def interruptible(*given: Any) -> Any:
        if interrupts:
            raise interrupts[0]
        try:
            return function(*given)
        except KeyboardInterrupt as interrupt:
            interrupts.append(interrupt)
            raise

    return compute_output_spec(interruptible, *keras.tree.map_structure(symbolic, arguments))


def times_called(layer: keras.layers.Layer) -> int:
    """How often a layer was called on symbolic tensors."""
    return len(layer._inbound_nodes)


def clear_functions(model: Any) -> None:
    """Forgets compiled steps, so that a new compile traces anew."""
    model.train_function = None
    model.test_function = None
    model.predict_function = None


@contextlib.contextmanager
def replaced(layer: keras.layers.Layer, attribute: str, value: Any) -> Iterator[None]:
    """Puts something in the place of one layer's method or attribute for a while; Keras calls what it finds there."""
    own = vars(layer)
    kept = attribute in own
    before = own.get(attribute)
    object.__setattr__(layer, attribute, value)
    try:
        yield
    finally:
        if kept:
            object.__setattr__(layer, attribute, before)
        else:
            object.__delattr__(layer, attribute)


def all_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The model's layers with all layers inside them."""
    return list(model._flatten_layers(include_self=False))


def frozen_variables(model: keras.Model) -> list[keras.Variable]:
    """The variables that would be trained if nobody had frozen them or their layers."""
    return [v for layer in model._flatten_layers() for v in layer._trainable_variables if not v.trainable]


def computes_again(layer: keras.layers.Layer) -> bool:
    """Whether a layer's outputs are computed anew in the backward pass, so that nothing may be kept of a call."""
    return getattr(layer, "_remat_mode", None) is not None


def ask_to_overwrite(path: str) -> bool:
    """Asks on the terminal whether a file may be written over, in Keras's words."""
    return ask_to_proceed_with_overwrite(path)


class Saveable(KerasSaveable):
    """Something that Keras saves and loads where it stands as an attribute; it holds nothing that is saved itself."""

    def _obj_type(self) -> str:
        return "Loss"  # Keras asks which attributes to pass over: those of an empty object of a kind that it knows


def whole_file(store: Any, place: str) -> Any:
    """The HDF5 file of a store that stands at a place from the top; None for other stores, and below another object."""
    if not isinstance(store, H5IOStore) or isinstance(store, ShardedH5IOStore) or store._h5_entry_path != place:
        return None
    return store.h5_file


def weights_file(path: Any) -> Any:
    """The store of a `.weights.h5`, open for reading."""
    return H5IOStore(str(path), mode="r")


def of_any_backend(config: Any) -> Any:
    """An optimizer's config, with what Keras names after the backend (SGD on PyTorch) named as it is on all of them."""
    if isinstance(config, list):
        return [of_any_backend(entry) for entry in config]
    if not isinstance(config, Mapping):
        return config
    found = {key: of_any_backend(entry) for key, entry in config.items()}
    if str(found.get("module")).startswith("keras.src.backend.") and hasattr(keras.optimizers, found["class_name"]):
        found["module"] = "keras.optimizers"
    return found


def sums_metrics(host: Any) -> bool:
    """Whether Keras itself sums the metrics up over PyTorch's processes, as from 3.16 on."""
    return hasattr(host, "ddp_model")


def reduces_first_axis(strategy: Any) -> bool:
    """Whether Keras's TensorFlow trainer reduces a step's logs over their first axis: between several workers."""
    in_several = getattr(strategy.extended, "_in_multi_worker_mode", None)
    return in_several is not None and in_several()

"""`BalanceMonitor`: gradient norms, shares and cosines of the terms in the epoch logs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import keras
import numpy as np

from .._core.errors import invalid
from ..diagnostics._batches import BATCH_SIZE, Batches, is_arrays
from ..diagnostics._measurement import Measurement, nanmean, shares_of
from ..terms import Constraint
from ..training import FitObserver, MultiLossModel

PAIRS_UP_TO = 6


class BalanceMonitor(FitObserver):
    """Watches during training how hard each term pulls at the shared layers, and which terms conflict.

    Every `every` steps, and at least once an epoch, one batch is probed with the weights of that moment: in training
    mode, but nothing is changed by it. The epoch logs hold, as means over the probes of the epoch:

    - `t_gradient_norm`: the length of the gradient of the raw `t_loss` at the shared layers;
    - `t_gradient_share`: |t_weight| * t_gradient_norm over its sum for all terms, with `t_weight` as logged: the term's
      part in the update, with user's weight, scale and balancer;
    - `cosine_mean`, `cosine_min`: of the gradients of every two balanced terms, the mean over all pairs, and that of
      the pair with the smallest;
    - `conflicts`: the part of the pairs and probes with a negative cosine;
    - `a_vs_b_cosine`: the cosine of the balanced terms `a` and `b`; up to `pairs_up_to` balanced terms.

    Where no layer is shared, all layers count. A term without a label in any probed batch logs NaN.

    They are ordinary Keras logs: `History`, `CSVLogger`, `TensorBoard` and the like see them wherever they stand in
    the list of callbacks, since `fit` puts this one first. (In a `keras.callbacks.CallbackList` of your own, put it
    first yourself.)

    Costs, for each probe, one forward and as many backward passes as there are terms, not compiled on TensorFlow.

    Args:
        every: steps between two probes, at least 1.
        data: what is probed, `(x, y)` or a data set. None takes the training data that `fit` was given: arrays and
            `PyDataset`s are read by number and left alone; a `tf.data.Dataset` or `DataLoader` is iterated once more,
            which draws another order where it shuffles; a generator cannot be read twice and needs `data`.
        batch_size: samples in a probed batch of arrays; None takes the one of `fit`, or 32.
        seed: of the choice of samples.
        pairs_up_to: the largest number of balanced terms for which every pair has a log of its own.

    Raises:
        ValueError: when the model is not a `MultiLossModel`, or the data cannot be read twice.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> import multiloss as ml
        >>> from multiloss.callbacks import BalanceMonitor
        >>> x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
        >>> y = {"a": x[:, :1], "b": 10.0 * x[:, 1:2]}
        >>> image = keras.Input((4,))
        >>> shared = keras.layers.Dense(8)(image)
        >>> model = keras.Model(image, {name: keras.layers.Dense(1)(shared) for name in y})
        >>> trainer = ml.compile(model, "adam", loss={"a": "mse", "b": "mse"})
        >>> history = trainer.fit(x, y, verbose=0, callbacks=[BalanceMonitor(every=10)]).history
        >>> sorted(name for name in history if "gradient" in name or "cosine" in name or name == "conflicts")
        ['a_gradient_norm', 'a_gradient_share', 'a_vs_b_cosine', 'b_gradient_norm', 'b_gradient_share', 'conflicts',
         'cosine_mean', 'cosine_min']
    """

    def __init__(
        self,
        every: int = 100,
        data: Any = None,
        batch_size: int | None = None,
        seed: int = 0,
        pairs_up_to: int = PAIRS_UP_TO,
    ):
        super().__init__()
        if not isinstance(every, int) or isinstance(every, bool) or every < 1:
            raise invalid("`every` must be a whole number of steps, at least 1", received=every)
        self.every = every
        self.data = data
        self.batch_size = batch_size
        self.seed = seed
        self.pairs_up_to = pairs_up_to
        self._batches: Batches | None = None
        self._arguments: dict[str, Any] = {}
        self._probes: list[Any] = []
        self._steps = self._last = 0

    def on_fit(self, arguments: Mapping[str, Any]) -> None:
        """Keeps the training data for the time of the training."""
        self._arguments = dict(arguments) if self.data is None else {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Looks where its data come from."""
        if not isinstance(self.model, MultiLossModel):
            raise invalid(
                "BalanceMonitor watches the terms of a multiloss trainer",
                received=type(self.model).__name__,
                fix="Train with ml.compile(model, ...).fit(...).",
            )
        self._batches = self._source()
        self._steps = self._last = 0
        self._counted = [not isinstance(term.description, Constraint) for term in self.model.terms.values()]

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Forgets the probes of the last epoch."""
        self._probes = []
        self._begun = self._steps

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Probes a batch when enough steps have been made since the last probe."""
        self._steps = self._begun + batch + 1
        if self._steps // self.every > self._last // self.every:
            self._probe()
        self._last = self._steps

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Puts the means of the epoch into the logs."""
        if not self._probes:
            self._probe()
        if logs is not None:
            logs.update(self._logs(logs))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Lets go of the data."""
        self._batches, self._arguments = None, {}

    def _probe(self) -> None:
        assert self._batches is not None
        self._probes.append(self.model.probe(*self._batches.next()))

    def _logs(self, logs: Mapping[str, Any]) -> dict[str, float]:
        measured = Measurement.of(self._probes, self._counted)
        names = measured.names
        weights = np.array([abs(float(logs[f"{name}_weight"])) for name in names])
        norms = np.sqrt(np.diagonal(measured.gramian, axis1=1, axis2=2))
        norms = nanmean(np.where(measured.labelled > 0, norms, np.nan))
        found = {f"{name}_gradient_norm": norm for name, norm in zip(names, norms, strict=True)}
        shares = shares_of(weights * norms)
        found.update({f"{name}_gradient_share": share for name, share in zip(names, shares, strict=True)})
        found.update(self._pairs(measured))
        return {key: float(value) for key, value in found.items()}

    def _pairs(self, measured: Measurement) -> dict[str, float]:
        pairs = list(combinations(np.flatnonzero(measured.balanced), 2))
        if not pairs:
            return {}
        cosines = np.stack([measured.cosines()[:, first, second] for first, second in pairs], axis=1)
        means = nanmean(cosines)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="All-NaN|Mean of empty")
            found = {"cosine_mean": np.nanmean(means), "cosine_min": np.nanmin(means)}
            found["conflicts"] = np.nanmean(np.where(np.isnan(cosines), np.nan, cosines < 0))
        if measured.balanced.sum() <= self.pairs_up_to:
            for (first, second), mean in zip(pairs, means, strict=True):
                found[f"{measured.names[first]}_vs_{measured.names[second]}_cosine"] = mean
        return found

    def _source(self) -> Batches:
        data, size = self.data, self.batch_size or self._arguments.get("batch_size") or BATCH_SIZE
        if data is None:
            data = _training_data(self._arguments)
        source = Batches(data, size, self.seed)
        if not source.again:
            raise invalid(
                "BalanceMonitor needs data that can be read again and again",
                received=f"a {type(data).__name__}",
                fix="Give it some: BalanceMonitor(data=(x, y)).",
            )
        return source


def _training_data(arguments: Mapping[str, Any]) -> Any:
    x = arguments.get("x")
    if x is None:
        raise invalid(
            "BalanceMonitor knows the training data only of a `fit` that passes them as `x`",
            received="no `x`",
            fix="Give it some: BalanceMonitor(data=(x, y)).",
        )
    parts = (x, arguments.get("y"), arguments.get("sample_weight"))
    if not is_arrays(parts):
        return x
    # With validation_split, Keras trains on the first part alone.
    length = len(keras.tree.flatten(x)[0])
    kept = int(length * (1.0 - (arguments.get("validation_split") or 0.0)))
    return keras.tree.map_structure(lambda leaf: None if leaf is None else leaf[:kept], parts)

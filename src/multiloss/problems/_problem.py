"""What the command line and the verbs work on: a model, its losses, its data, and what judges a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import keras

from .._core.errors import invalid
from .._core.whole_characters import check_whole
from ._score import Score

Factory = Callable[[], Any]


@dataclass(frozen=True, eq=False)
class Problem:
    """A training problem with several losses, complete enough to be run again from any seed.

    Everything that a run changes is made anew for each run: the model by `build_model`, called after
    `keras.utils.set_random_seed`, so that one seed gives one set of initial weights; losses, metrics and the optimizer
    by `new_loss`, `new_metrics` and `new_optimizer`.

    Args:
        name: a short name for tables and files.
        build_model: `() -> keras.Model`.
        loss: a dict as for `ml.compile(loss=...)`, or a function `() -> dict`.
        train: `(x, y)` of arrays or dicts of arrays, or any data set that `keras.Model.fit` takes.
        validation: as `train`; never empty, since it judges the runs where there is no `test`.
        test: as `train`, or None: data on which nothing is chosen. `compare` judges its runs by it after their last
            epoch, and `tune` what it found; trials and early stopping see the validation data alone.
        metrics: a dict as for `ml.compile(metrics=...)`, or a function `() -> dict`.
        score: the metrics that judge a run, by their names in the logs without `val_`, and which way is
            better: `{"label_accuracy": "max", "size_mae": "min"}`; those of a single output have no prefix. A
            `Score` in the place of a direction says what a change counts, as `ml.Score("min", unit=10.0)`. Kept as a
            dict of name to `Score`.
        loss_weights: as for `ml.compile`.
        optimizer: a name, an optimizer, or a function that makes one.
        batch_size: samples in a batch, for data given as arrays.
        description: a sentence or two for reports.

    Raises:
        ValueError: for an argument of the wrong kind, and data of unequal lengths.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> import multiloss as ml
        >>> x, y = np.ones((8, 3)), {"size": np.ones((8, 1))}
        >>> def build():
        ...     image = keras.Input((3,))
        ...     return keras.Model(image, {"size": keras.layers.Dense(1)(image)})
        >>> problem = ml.Problem(
        ...     "sizes", build, loss={"size": "mse"}, train=(x, y), validation=(x, y),
        ...     metrics={"size": "mae"}, score={"mae": "min"},
        ... )
        >>> problem.new_model(seed=0).count_params()
        4
    """

    name: str
    build_model: Callable[[], keras.Model]
    _: KW_ONLY
    loss: Mapping[str, Any] | Factory
    train: Any
    validation: Any
    test: Any = None
    metrics: Mapping[str, Any] | Factory
    score: Mapping[str, Any]
    loss_weights: Mapping[str, Any] | None = None
    optimizer: Any = "adam"
    batch_size: int = 32
    description: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise invalid("`name` must be a string that is not empty", received=self.name)
        check_whole("The name of a problem", self.name)
        if not callable(self.build_model) or isinstance(self.build_model, keras.Model):
            raise invalid(
                "`build_model` must be a function that returns a new keras.Model",
                received=type(self.build_model).__name__,
                fix="Each run needs new weights: write a function that builds the model.",
            )
        for argument in ("loss", "metrics"):
            value = getattr(self, argument)
            if not (isinstance(value, Mapping) and value) and not callable(value):
                raise invalid(
                    f"`{argument}` must be a dict by output that is not empty, or a function without arguments that "
                    "returns one",
                    received=value,
                )
        for argument in ("train", "validation", *(["test"] if self.test is not None else [])):
            _check_data(argument, getattr(self, argument))
        if self.test is not None and self.test is self.validation:
            raise invalid(
                "`test` must be data of its own", received="the validation data", fix="Split them, or leave it out."
            )
        object.__setattr__(self, "score", _read_score(self.score))
        if self.loss_weights is not None and not isinstance(self.loss_weights, Mapping):
            raise invalid("`loss_weights` must be a dict by term, or None", received=self.loss_weights)
        if not isinstance(self.batch_size, int) or isinstance(self.batch_size, bool) or self.batch_size < 1:
            raise invalid("`batch_size` must be an integer >= 1", received=self.batch_size)
        if not isinstance(self.optimizer, str | keras.optimizers.Optimizer) and not callable(self.optimizer):
            raise invalid(
                "`optimizer` must be a name, a keras optimizer, or a function that makes one", received=self.optimizer
            )

    def new_model(self, seed: int | None = None) -> keras.Model:
        """A new model; with a seed, `keras.utils.set_random_seed` is called first."""
        if seed is not None:
            keras.utils.set_random_seed(seed)
        model = self.build_model()
        if not isinstance(model, keras.Model):
            raise invalid(
                f"`build_model` of problem {self.name!r} must return a keras.Model", received=type(model).__name__
            )
        return model

    def new_loss(self) -> dict[str, Any]:
        """The loss dict for one run."""
        return dict(self.loss() if callable(self.loss) else self.loss)

    def new_metrics(self) -> dict[str, Any]:
        """The metrics for one run; metric objects hold state, so each run gets its own."""
        return _copied(self.metrics() if callable(self.metrics) else self.metrics)

    def new_optimizer(self) -> keras.optimizers.Optimizer:
        """The optimizer for one run."""
        if isinstance(self.optimizer, str):
            return keras.optimizers.get(self.optimizer)
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            return type(self.optimizer).from_config(self.optimizer.get_config())
        return self.optimizer()


def _check_data(argument: str, data: Any) -> None:
    if data is None:
        raise invalid(f"`{argument}` must be (x, y) or a data set", received=data)
    if not isinstance(data, tuple):
        return
    if len(data) not in (2, 3):
        raise invalid(f"`{argument}` must be (x, y) or (x, y, sample_weight)", received=f"a tuple of {len(data)}")
    lengths = {len(array) for array in keras.tree.flatten(data) if array is not None}
    if len(lengths) != 1 or lengths == {0}:
        raise invalid(
            f"All arrays of `{argument}` must have one length, at least 1", received=f"lengths {sorted(lengths)}"
        )


def _read_score(score: Any) -> dict[str, Score]:
    if not isinstance(score, Mapping) or not score:
        raise invalid(
            "`score` must name at least one validation metric and its direction",
            received=score,
            fix="Write, say, {'label_accuracy': 'max'}.",
        )
    for name in score:
        if str(name).startswith("val_"):
            raise invalid("`score` names metrics without the prefix 'val_'", received=name)
        check_whole("A metric's name in `score`", str(name))
    return {str(name): Score.of(given, f"`score[{name!r}]`") for name, given in score.items()}


def _copied(metrics: Any) -> Any:
    if isinstance(metrics, Mapping):
        return {name: _copied(metric) for name, metric in metrics.items()}
    if isinstance(metrics, list | tuple):
        return [_copied(metric) for metric in metrics]
    if isinstance(metrics, keras.metrics.Metric):
        return type(metrics).from_config(metrics.get_config())
    return metrics

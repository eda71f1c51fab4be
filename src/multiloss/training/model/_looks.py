"""What a trainer tells of itself: looks at it, and at a batch, that change nothing."""

from __future__ import annotations

from typing import Any

from ..reading import read_data
from ._explain import explanation
from ._probe import Probe, probe
from ._settings import settings


class Looks:
    """A part of `MultiLossModel`."""

    def probe(self: Any, x: Any, y: Any = None, sample_weight: Any = None) -> Probe:
        """Looks at one batch in training mode, by T backward passes, and changes nothing: no weight, seed or flag.

        Args:
            x: inputs.
            y: targets.
            sample_weight: sample weights.
        """
        self._assert_compile_called("probe")
        data = read_data(self.program.names, x, y, sample_weight)
        if self.program.batch_size is None:
            self._symbolic_build(data_batch=data)
        return probe(self.program, *data)

    def explain(self: Any, x: Any = None, y: Any = None, sample_weight: Any = None) -> str:
        """A table of the terms, with what each reads, its scale and weight; the balancer; what a step costs.

        Which weights are shared is found in the first step. Before it, the cost is one "at most"; a batch makes it
        exact, and nothing changes by it: no weight, seed or flag, and no plan of the training.

        Args:
            x: inputs of one batch, of the size that will be trained on.
            y: its targets.
            sample_weight: its sample weights.
        """
        self._assert_compile_called("explain")
        return explanation(self, x, y, sample_weight)

    def settings(self: Any) -> dict[str, str | int | float | bool]:
        """All that was chosen for the training, as one flat dict for experiment trackers.

        Keys are `term/<name>/...` (`reads`, `reduction`, `scale`, `weight` of now, `weight_schedule`, `balanced`),
        `balancer` and its arguments, `optimizer` and its learning rate, `on_nonfinite`, `backend`, `dtype_policy` and
        `version/...`; values are texts, numbers and truth values.

        Example:
            >>> import keras
            >>> import multiloss as ml
            >>> image = keras.Input((2,))
            >>> trainer = ml.compile(keras.Model(image, keras.layers.Dense(1, name="size")(image)), "adam", loss="mse")
            >>> settings = trainer.settings()
            >>> settings["balancer"], settings["optimizer"], settings["on_nonfinite"]
            ('fixed', 'Adam', 'raise')
        """
        self._assert_compile_called("settings")
        return settings(self)

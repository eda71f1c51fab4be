"""The scope of a forward pass where a backend writes its variables in place: it keeps what the pass would write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras

from ..._core.typing import Array


class Versions:
    """The values that each trainable variable had in a pass: its own, then those that layers assigned to it.

    Keras's gradient by a variable is one by all of them: a layer such as `SpectralNormalization` assigns a weight in
    its call, and the step starts from the assigned value, along the gradient there.

    Args:
        variables: the trainable variables.
    """

    def __init__(self, variables: Sequence[keras.Variable]):
        self._place = {id(variable): index for index, variable in enumerate(variables)}
        self._of = [[variable.value] for variable in variables]

    def __len__(self) -> int:
        """The number of variables."""
        return len(self._of)

    def __contains__(self, variable: object) -> bool:
        """Whether a variable is one of them."""
        return id(variable) in self._place

    def add(self, variable: keras.Variable, value: Array) -> None:
        """Adds a value that a layer assigned."""
        self._of[self._place[id(variable)]].append(value)

    def flat(self, variables: Iterable[int]) -> list[Array]:
        """All values of some variables, by index."""
        return [value for index in variables for value in self._of[index]]

    def summed(self, variables: Iterable[int], gradients: Iterator[Any], dense: Callable[[Any], Array]) -> list[Any]:
        """One gradient for each of some variables, None where unconnected.

        Args:
            variables: by index.
            gradients: those by the values that `flat` gives, or None; no more are taken.
            dense: turns a sparse gradient into a tensor.
        """
        found = []
        for index in variables:
            known = [g for g in (next(gradients) for _ in self._of[index]) if g is not None]
            found.append(sum(map(dense, known[1:]), dense(known[0])) if len(known) > 1 else next(iter(known), None))
        return found


class RecordingScope(keras.StatelessScope):
    """Keeps every variable that is assigned within it, whoever owns it, with its last value.

    As when a variable is written in place, no gradient passes from a variable's new value to what it was computed from.

    Args:
        pairs: what shall stand in the scope beforehand.
        versions: notes the values that are assigned to trainable variables.
        detach: cuts a tensor from what it was computed from.
        source: makes of a detached tensor one that gradients are taken by.

    Attributes:
        updates: variables and values, by the variables' ids.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[keras.Variable, Any]] = (),
        *,
        versions: Versions,
        detach: Callable[[Any], Any],
        source: Callable[[Any], Any],
    ):
        super().__init__(list(pairs), collect_losses=True)
        self.versions = versions
        self.updates: dict[int, tuple[keras.Variable, Any]] = {}
        self._detach = detach
        self._source = source

    def add_update(self, update: tuple[keras.Variable, Any]) -> None:
        """Keras calls this in the place of writing a variable."""
        variable, value = update[0], self._detach(update[1])
        if variable in self.versions:
            value = self._source(value)
            self.versions.add(variable, value)
        super().add_update((variable, value))
        self.updates[id(variable)] = (variable, value)

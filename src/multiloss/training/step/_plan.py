"""What is found once of a model's structure: connected variables, shared variables, captured layers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import keras

from .._keras_seams import frozen_variables
from ..rows import REPRESENTATION, Activations, CapturedLayer, capturable_layers, representation_layers
from ._linearized import Linearized
from ._objective import Objective
from ._sharing import Sharing, find_sharing, shared_by_structure, with_captured, with_resting


class StepPlan:
    """Holds for the trainable variables that it was made for, known by their identities; others need a new plan.

    Args:
        model: the user's model.
        objective: the terms and the balancer.
        batch_size: the samples of a batch, where a shape leaves them open.
        paying: which layers an earlier process captured. What pays hangs on the batch that comes first, and captured or
            not, products are rounded in another way: a loaded trainer goes on with what it has begun.

    Attributes:
        variables: the trainable variables.
        connected: for each term, the indices of the variables that it is structurally connected to; None while unknown.
        sharing: the shared variables and what is measured; None while unknown, or where no gradients are read.
        paying: for each layer that can be captured, whether that pays; None while unknown.
    """

    def __init__(self, model: keras.Model, objective: Objective, batch_size: int, paying: Sequence[bool] | None = None):
        self.model = model
        self.objective = objective
        self.batch_size = batch_size
        self.variables = list(model.trainable_variables)
        self.connected: list[set[int]] | None = None
        self.sharing: Sharing | None = None
        self.paying = paying

    def fits(self) -> bool:
        """Whether the model still trains the same variables."""
        return [id(v) for v in self.model.trainable_variables] == [id(v) for v in self.variables]

    def captured(self) -> Sequence[CapturedLayer]:
        """The layers to be captured: all that may be wanted, until it is known which are."""
        if self.sharing is not None:
            return self.sharing.captured
        balancing = self.objective.balancing
        if not balancing.reads_gradients:
            return ()
        if balancing.over.wrt.startswith(REPRESENTATION):
            return representation_layers(self.model, balancing.over.wrt)
        if self.objective.replicas.count > 1:
            return ()  # <A'D, A'D> is no sum over replicas, as those of formed rows and of representations are
        return capturable_layers(self.model, self.variables)

    def connect(self, linear: Linearized) -> list[set[int]]:
        """Finds once what the terms are connected to."""
        if self.connected is None:
            self.connected = linear.pull.connected()
        return self.connected

    def complete(self, linear: Linearized) -> None:
        """Finds once all that a step must know, from a forward pass in which `captured` was captured."""
        if self.connected is None:
            _warn_unconnected(self.objective, self.connect(linear), self.variables)
        if self.sharing is None and self.objective.balancing.reads_gradients:
            sharing = self._find_sharing(linear)
            if not sharing.shared:
                self.sharing = sharing
                return
            captured = self._paying(linear.pull.activations)
            around = linear.connected_around([layer for layer in captured if layer.variables]) if captured else []
            around = [around[term] for term in self.objective.balancing.balanced] if captured else []
            self.sharing = with_captured(sharing, captured, around)

    def _find_sharing(self, linear: Linearized) -> Sharing:
        connected, frozen = self.connect(linear), frozen_variables(self.model)
        sharing = find_sharing(self.objective, connected, self.variables, frozen)
        if self.objective.balancing.over.wrt.startswith(REPRESENTATION):
            reached = [bool(calls) for calls in linear.pull.connected_calls()]
        else:
            reached = [bool(of_term & set(sharing.measured)) for of_term in connected]
        return with_resting(sharing, self.objective, reached, connected, self.variables, frozen)

    def shared(self) -> list[int]:
        """The variables that at least two balanced terms are connected to, by index."""
        assert self.connected is not None
        return shared_by_structure([[index] for index in self.objective.balancing.balanced], self.connected)

    def _paying(self, activations: Activations) -> list[CapturedLayer]:
        """The layers whose capture costs less than forming gradients."""
        balancing = self.objective.balancing

        def pays(layer: CapturedLayer) -> bool:
            inputs = [activations.inputs[call] for call in activations.calls([layer])]
            return bool(inputs) and layer.pays(inputs, len(balancing.rows), self.batch_size, balancing.products)

        layers = list(activations.captured)
        if self.paying is None or len(self.paying) != len(layers):
            self.paying = [pays(layer) for layer in layers]
        return [layer for layer, pay in zip(layers, self.paying, strict=True) if pay]


def _warn_unconnected(objective: Objective, connected: Sequence[set[int]], variables: Sequence[keras.Variable]) -> None:
    """Says once which terms are connected to no variable: they cannot teach the model anything."""
    if not variables:
        warnings.warn("The model does not have any trainable weights.", UserWarning, stacklevel=2)  # Keras's words
        return
    names = [term.name for term in objective.terms if term.balanced and not connected[term.index]]
    if names:
        warnings.warn(
            f"No trainable variable is reached by: {', '.join(map(repr, names))}. Such a term teaches the model "
            "nothing: it may round, take an argmax, compare, or stop the gradient.",
            UserWarning,
            stacklevel=2,
        )

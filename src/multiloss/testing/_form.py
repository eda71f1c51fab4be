"""The contract of a balancer, first half: the form of what it gives, purity, config, compilation."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.balancer import Signals
from .._core.configured import parameters
from ._properties import TOLERANCE, distance, reads_gradients
from ._runs import Arrays, Run
from ._subject import Subject


def _serialises(subject: Subject) -> None:
    balancer, cls = subject.balancer, type(subject.balancer)
    config = balancer.get_config()
    try:
        json.dumps(config)
    except TypeError as error:
        subject.require(False, f"`get_config` must be plain data that JSON can hold ({error}).")
    absent = [name for name in parameters(cls) if name not in config]
    subject.require(not absent, f"`get_config` must hold every argument: keep {absent} as attributes, or override it.")
    subject.require(cls.from_config(config).get_config() == config, "`from_config(get_config())` must give the same.")
    try:
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(balancer))
    except Exception as error:
        raise AssertionError(
            f"{cls.__name__} must come back through `keras.saving`: "
            f"decorate it with `@keras.saving.register_keras_serializable()`. ({error})"
        ) from error
    subject.require(
        isinstance(again, cls) and again.get_config() == config, "`keras.saving` must give the same object back."
    )
    inputs = subject.pair()
    alike = np.allclose(Run(again)(inputs)[0], subject.run(inputs)[0], rtol=1e-3)
    subject.require(alike, "what comes back must weigh alike.")


def _keeps_form_and_is_pure(subject: Subject) -> None:
    for inputs in subject.inputs():
        terms = len(inputs.losses)
        start = subject.run.start(terms)
        before = {name: value.copy() for name, value in start.items()}
        config = subject.balancer.get_config()
        weights, state = subject.run(inputs, start)
        subject.require(
            weights.shape == (terms,), f"the weights must have shape ({terms},), they have {weights.shape}."
        )
        _require_form(subject, before, state)
        subject.require(subject.balancer.get_config() == config, "`weights` must not change the object.")
        again, next_state = subject.run(inputs, start)
        subject.require(_equal(start, before), "`weights` must not change the state that it is given.")
        subject.require(
            np.array_equal(weights, again) and _equal(state, next_state),
            "the same signals and state must give the same weights and state.",
        )


def _raw_weights_have_their_shape(subject: Subject) -> None:
    inputs = subject.pair()
    terms = len(inputs.losses)
    tensors = {name: ops.convert_to_tensor(value) for name, value in subject.run.start(terms).items()}
    raw, state = subject.balancer.raw_weights(Signals(**inputs.arrays(subject.balancer.needs)), tensors)
    subject.require(
        tuple(raw.shape) == (terms,), f"the raw weights must have shape ({terms},), they have {tuple(raw.shape)}."
    )
    after = {name: ops.convert_to_numpy(value) for name, value in state.items()}
    _require_form(subject, subject.run.start(terms), after)


def _require_form(subject: Subject, before: Arrays, state: Arrays) -> None:
    subject.require(
        _form(state) == _form(before),
        f"the next state must have the form of `init`: {_form(before)}, not {_form(state)}.",
    )


def _compiles(subject: Subject) -> None:
    if subject.compile is None:
        return
    inputs = subject.pair()
    steps = subject.steps(inputs)
    eager, state = Run(subject.balancer)(inputs, steps=steps)
    compiled, compiled_state = subject.run(inputs, steps=steps)
    far = distance(eager.astype(float), compiled.astype(float), inputs.gramian, reads_gradients(subject.balancer))
    subject.require(far < TOLERANCE, f"compiled weights must equal the others, they differ by {far:.3g}.")
    subject.require(
        all(np.allclose(state[name], compiled_state[name], rtol=1e-3, atol=1e-5) for name in state),
        "the compiled state must equal the other.",
    )


def _form(state: Arrays) -> dict[str, Any]:
    return {name: (value.shape, str(value.dtype)) for name, value in state.items()}


def _equal(state: Arrays, other: Arrays) -> bool:
    return all(np.array_equal(state[name], other[name]) for name in state)


CHECKS = (_raw_weights_have_their_shape, _keeps_form_and_is_pure, _compiles, _serialises)

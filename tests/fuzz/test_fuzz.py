"""What a user could write, at random: right cases give NumPy's numbers, wrong ones are refused in words of ours."""

from __future__ import annotations

import functools
import os
import traceback
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from fuzz_cases import NAN, OUTPUTS, Case, right, wrong
from fuzz_reference import term_value
from hypothesis import HealthCheck, given, settings

import multiloss as ml

CASES = int(os.environ.get("FUZZ_CASES", "20"))  # of each kind; `make fuzz` runs a thousand
seeded = settings(
    derandomize=True, max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
OURS = Path(ml.__file__).parent


@functools.cache
def model_for(names: tuple[str, ...]) -> keras.Model:
    inputs = keras.Input((5,))
    outputs = {}
    for index, name in enumerate(names):
        activation, width = OUTPUTS[name]
        seed = keras.initializers.GlorotUniform(seed=index)
        outputs[name] = keras.layers.Dense(width, activation, name=name, kernel_initializer=seed)(inputs)
    return keras.Model(inputs, outputs)


def run(case: Case, model: keras.Model, x: np.ndarray) -> dict[str, float]:
    """The logs of the case's verb; a training step's are of the weights before it."""
    arguments = {"optimizer": keras.optimizers.SGD(1e-3), "loss_weights": case.loss_weights, **case.compile}
    terms = {name: ml.Term(**term) for name, term in case.terms.items()}
    trainer = ml.compile(model, loss=terms, **arguments)
    data: dict[str, Any] = {"x": x, "y": case.targets, "sample_weight": case.sample_weight}
    if case.verb == "fit":
        history = trainer.fit(**data, batch_size=len(x), epochs=1, shuffle=False, verbose=0).history
        return {name: values[0] for name, values in history.items()}
    if case.verb == "evaluate":
        return trainer.evaluate(**data, batch_size=case.batch_size, return_dict=True, verbose=0)
    return getattr(trainer, case.verb)(**data, return_dict=True)


def prepared(case: Case) -> tuple[keras.Model, np.ndarray]:
    names = tuple(sorted({*case.terms, *case.targets} & set(OUTPUTS)))
    return model_for(names), np.random.default_rng(case.rows).normal(size=(case.rows, 5)).astype("float32")


@seeded
@given(right())
def test_right_cases_give_numpys_numbers(case):
    model, x = prepared(case)
    before = model.get_weights()
    y_pred = {name: keras.ops.convert_to_numpy(value) for name, value in model(x).items()}
    logs = run(case, model, x)
    model.set_weights(before)

    total, judged = 0.0, False
    for name, term in case.terms.items():
        given = case.sample_weight.get(name) if isinstance(case.sample_weight, dict) else case.sample_weight
        column = term.get("column")
        if isinstance(column, slice):
            column = list(range(*column.indices(OUTPUTS[name][1])))
        value = term_value(
            term["loss"],
            case.targets[name],
            y_pred[name],
            column=[column] if isinstance(column, int) else column,
            missing=NAN if term.get("missing") == "nan" else term.get("missing"),
            class_weight=term.get("class_weight"),
            sample_weight=given,
            reduction=term["reduction"],
        )
        judged = judged or value is not None
        if value is None and case.verb in ("evaluate", "test_on_batch"):
            assert len(case.terms) == 1 or np.isnan(logs[f"{name}_loss"]), case  # nothing was judged
            continue
        value = value or 0.0
        if len(case.terms) > 1:
            np.testing.assert_allclose(logs[f"{name}_loss"], value, rtol=2e-4, atol=1e-6, err_msg=f"{name} of {case}")
        factor = 1.0 if case.loss_weights is None else case.loss_weights[name]
        total += factor * value / term.get("scale", 1.0)
    if not judged and case.verb in ("evaluate", "test_on_batch"):
        total = NAN
    np.testing.assert_allclose(logs["loss"], total, rtol=2e-4, atol=1e-6, err_msg=str(case))


@seeded
@given(wrong())
def test_wrong_cases_are_refused_in_words_of_ours_and_change_nothing(case):
    model, x = prepared(case)
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError, RuntimeError)) as caught:
        run(case, model, x)
    after = model.get_weights()
    model.set_weights(before)

    raised = Path(traceback.extract_tb(caught.value.__traceback__)[-1].filename)
    assert OURS in raised.parents, f"{case.wrong}: the error comes from {raised}: {caught.value!r}"
    assert len(str(caught.value)) < 1500, f"{case.wrong}: {str(caught.value)[:300]}"
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new, err_msg=str(case.wrong))

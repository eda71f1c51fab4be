"""Cases of the fuzzer: what a user could write, right in most places and wrong in at most one."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from hypothesis import strategies as st

NAN = float("nan")
OUTPUTS = {"value": ("linear", 3), "single": ("linear", 1), "chance": ("sigmoid", 2), "kind": ("softmax", 4)}
LOSSES = {
    "value": ["mse", "mae", "huber"],
    "single": ["mse", "mae", "huber"],
    "chance": ["binary_crossentropy", "mse"],
    "kind": ["categorical_crossentropy", "sparse_categorical_crossentropy", "mae"],
}
VERBS = ["fit", "evaluate", "train_on_batch", "test_on_batch"]


@dataclasses.dataclass
class Case:
    """One use.

    Attributes:
        rows: of the batch.
        terms: by output: the arguments of its `ml.Term`.
        targets: by output.
        sample_weight: None, an array, or by output.
        loss_weights: None, or by output.
        compile: other arguments of `ml.compile`.
        verb: how it is run.
        batch_size: of `evaluate`; its numbers are those of the whole, however the rows are cut.
        wrong: what was made wrong; None for a case that must be accepted.
    """

    rows: int
    terms: dict[str, dict[str, Any]]
    targets: Any
    sample_weight: Any
    loss_weights: Any
    compile: dict[str, Any]
    verb: str
    batch_size: int = 99
    wrong: str | None = None


@st.composite
def right(draw: st.DrawFn) -> Case:
    """A case that must be accepted."""
    names = draw(st.lists(st.sampled_from(list(OUTPUTS)), min_size=1, max_size=3, unique=True))
    rows = draw(st.integers(1, 6))
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    terms, targets = {}, {}
    for name in names:
        terms[name], targets[name] = draw(_term(name, rows, random))
    weights: Any = None
    if draw(st.booleans()):
        chosen = draw(st.lists(st.sampled_from(names), unique=True))
        weights = {name: draw(_weights(rows, random)) for name in chosen} or draw(_weights(rows, random))
    loss_weights = (
        {name: draw(st.sampled_from([0.0, 0.5, 2, 100.0])) for name in names} if draw(st.booleans()) else None
    )
    settings = {"run_eagerly": draw(st.sampled_from([True, True, True, False]))}
    # The sum of an epoch is the mean of the batches' sums, and so depends on how it is cut.
    cut = all(term["reduction"] != "sum" for term in terms.values())
    size = draw(st.integers(1, rows)) if cut else 99
    return Case(rows, terms, targets, weights, loss_weights, settings, draw(st.sampled_from(VERBS)), size)


@st.composite
def _term(draw: st.DrawFn, name: str, rows: int, random: np.random.Generator) -> tuple[dict[str, Any], np.ndarray]:
    _, width = OUTPUTS[name]
    loss = draw(st.sampled_from(LOSSES[name]))
    arguments: dict[str, Any] = {"loss": loss}
    arguments["reduction"] = draw(st.sampled_from(["mean", "mean", "sample_mean", "weighted_mean", "sum"]))
    if draw(st.booleans()):
        arguments["scale"] = draw(st.sampled_from([0.5, 3, 1e-4]))
    labels = random.integers(0, width, rows)
    if loss == "sparse_categorical_crossentropy":
        kind = draw(st.sampled_from(["int32", "int64", "uint8", "float32"]))
        y = labels.astype(kind)
        if kind != "uint8" and draw(st.booleans()):
            arguments["missing"] = -1
            y[random.random(rows) < 0.4] = -1
        y = y[:, None] if draw(st.booleans()) else y
    elif loss == "categorical_crossentropy":
        y = np.eye(width, dtype=draw(st.sampled_from(["float32", "int32", "bool"])))[labels]
    elif loss == "binary_crossentropy":
        y = (random.random((rows, width)) < 0.5).astype(draw(st.sampled_from(["float32", "uint8", "bool", "int64"])))
    else:
        y = random.normal(size=(rows, width)).astype(draw(st.sampled_from(["float32", "float64"])))
    if y.dtype.kind == "f" and loss in ("mse", "mae", "huber") and draw(st.booleans()):
        arguments["missing"] = draw(st.sampled_from(["nan", NAN]))
        y[random.random(y.shape) < 0.3] = np.nan
    if loss in ("sparse_categorical_crossentropy", "categorical_crossentropy") and draw(st.booleans()):
        arguments["class_weight"] = {0: 0.5, 2: 3.0}
    if loss in ("mse", "mae", "huber") and width > 1 and draw(st.booleans()):
        arguments["column"] = draw(st.sampled_from([0, -1, [0, 1], slice(0, 2)]))
    if width == 1 and draw(st.booleans()):
        y = y[:, 0]
    return arguments, y


@st.composite
def _weights(draw: st.DrawFn, rows: int, random: np.random.Generator) -> np.ndarray:
    weights = random.choice([0.0, 1.0, 2.5], rows).astype(draw(st.sampled_from(["float32", "float64", "int32"])))
    return weights[:, None] if draw(st.integers(0, 3)) == 0 else weights


WRONG_TARGETS = {
    "rows": lambda y: np.concatenate([y, y[:1]]),
    "rank": lambda y: np.broadcast_to(y.reshape(len(y), -1)[:, None, None], (len(y), 2, 5, y.size // len(y))).copy(),
    "width": lambda y: np.zeros((len(y), 7), "float32"),
    "strings": lambda y: np.array([f"label {i}" for i in range(len(y))]),
    "objects": lambda y: np.array([{"a": 1}] * len(y), dtype=object),
    "None": lambda y: None,
    "ragged": lambda y: [[0.0] * (1 + i % 2) for i in range(len(y) + 1)],
    "complex": lambda y: y.astype("complex64"),
    "dates": lambda y: np.array(["2026-01-01"] * len(y), dtype="datetime64[D]"),
}
WRONG_WEIGHTS = {
    "negative": lambda w: -np.ones_like(w, "float32"),
    "rows": lambda w: np.ones(len(w) + 1, "float32"),
    "strings": lambda w: np.array(["heavy"] * len(w)),
    "nan": lambda w: np.full(len(w), np.nan, "float32"),
    "inf": lambda w: np.full(len(w), np.inf, "float32"),
    "objects": lambda w: np.array([None] * len(w), dtype=object),
    "cube": lambda w: np.ones((len(w), 2, 3, 4), "float32"),
}
WRONG_ARGUMENTS = [
    {"loss": "mean_sqared_error"},
    {"loss": None},
    {"loss": 3},
    {"loss": lambda y_true: y_true},
    {"output": "nobody"},
    {"target": "nobody"},
    {"column": 9},
    {"column": -9},
    {"column": "first"},
    {"column": [0, 9]},
    {"column": slice(9, 12)},
    {"column": 1.5},
    {"column": []},
    {"scale": 0},
    {"scale": -1.0},
    {"scale": NAN},
    {"scale": "running_mode"},
    {"missing": [1]},
    {"missing": "none"},
    {"mask": "nobody"},
    {"mask": 3},
    {"sample_weight": "nobody"},
    {"class_weight": {}},
    {"class_weight": [1, 2, 3]},
    {"class_weight": {0: -1.0}},
    {"class_weight": {0: NAN}},
    {"class_weight": {"a": 1.0}},
    {"reduction": "median"},
    {"balanced": "yes"},
]
WRONG_COMPILE = [
    {"balancer": "upgrade"},
    {"balancer": 3},
    {"balancer": "equal"},
    {"optimizer": "adamm"},
    {"optimizer": 1e-3},
    {"on_nonfinite": "stop"},
    {"steps_per_execution": 0},
    {"metrics": {"nobody": ["mae"]}},
    {"metrics": "acuracy"},
    {"loss_weights": {"nobody": 1.0}},
    {"loss_weights": "heavy"},
    {"loss_weights": [1.0] * 9},
    {"jit_compile": "always"},
]
WRONG_FACTORS = [NAN, float("inf"), "heavy", None, [1.0, 2.0], 1e39, True]


@st.composite
def wrong(draw: st.DrawFn) -> Case:
    """A case with one mistake, which must be refused."""
    case = draw(right())
    name = draw(st.sampled_from(list(case.terms)))
    rows = case.rows
    kind = draw(st.sampled_from(["target", "label", "weight", "argument", "compile", "factor", "key"]))
    if kind == "target":
        fault = draw(st.sampled_from(list(WRONG_TARGETS)))
        case.targets = {**case.targets, name: WRONG_TARGETS[fault](case.targets[name])}
        case.terms[name].pop("column", None)
        case.wrong = f"target of {name}: {fault}"
    elif kind == "label":
        case.terms["kind"] = {"loss": "sparse_categorical_crossentropy"}
        fault = draw(st.sampled_from([4, -1, 255]))
        case.targets = {**case.targets, "kind": np.full(rows, fault)}
        case.loss_weights = case.sample_weight = None  # where nothing counts, nothing is wrong
        case.wrong = f"label {fault} of 4 classes"
    elif kind == "weight":
        fault = draw(st.sampled_from(list(WRONG_WEIGHTS)))
        case.terms[name].pop("missing", None)
        case.targets[name] = np.nan_to_num(np.maximum(case.targets[name], 0))
        case.sample_weight = {name: WRONG_WEIGHTS[fault](np.ones(rows))}
        case.wrong = f"sample weight: {fault}"
    elif kind == "argument":
        fault = draw(st.sampled_from(WRONG_ARGUMENTS))
        case.terms[name] = {**case.terms[name], **fault}
        case.wrong = f"Term of {name}: {fault}"
    elif kind == "compile":
        fault = draw(st.sampled_from(WRONG_COMPILE))
        case.compile = {**case.compile, **fault}
        case.wrong = f"compile: {fault}"
    elif kind == "factor":
        fault = draw(st.sampled_from(WRONG_FACTORS))
        case.loss_weights = {name: fault}
        case.wrong = f"loss weight of {name}: {fault}"
    else:
        where = draw(st.sampled_from(["sample_weight", "terms"]))
        if where == "terms":
            case.terms["nobody"] = {"loss": "mse"}
        else:
            case.sample_weight = {"nobody": np.ones(rows, "float32")}
        case.wrong = f"unknown key in {where}"
    return case

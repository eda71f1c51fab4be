"""Every argument of every member and term survives saving, JSON and loading."""

import inspect
import json

import keras
import numpy as np
import pytest

import multiloss as ml
from multiloss._core import registry
from multiloss._core.configured import _same, arguments, parameters
from multiloss._core.plain_data import plain, restored


@keras.saving.register_keras_serializable("tests")
def saved_function(y_pred):
    return keras.ops.mean(y_pred["out"], axis=-1)


@keras.saving.register_keras_serializable("tests")
def saved_norm(weight):
    return keras.ops.sum(weight**4)


@keras.saving.register_keras_serializable("tests")
def other_function(y_pred, step):
    return keras.ops.sum(y_pred["out"], axis=-1)


@keras.saving.register_keras_serializable("tests")
def other_features(features, y_true):
    return keras.ops.sum(features, axis=-1)


@keras.saving.register_keras_serializable("tests")
def saved_condition(logs):
    return logs["a_loss"] < 1


@keras.saving.register_keras_serializable("tests")
def saved_features(features):
    return keras.ops.mean(features, axis=-1)


# For each argument, values of which at least one is accepted and not its default.
OTHERS = {
    "alpha": [0.4, 5.0],
    "axis": [(1, 2)],
    "backward": ["batched", "loop", "vectorized", "together"],
    "balanced": [False],
    "balancer": ["mgda", ml.aggregation.UPGrad(every=3)],
    "batches": [4],
    "beta": [0.4],
    "c": [0.7],
    "clamp": [(-2.0, 3.0), 3.0, 0.5],
    "class_weight": [{0: 0.5, 3: 2.0}],
    "column": [slice(1, None, 2), (0, 1), [1], 1],
    "concentration": [3.0],
    "condition": ["step >= 3"],
    "curvature": [0.7],
    "decay": [0.35],
    "degree": [2],
    "dtype": ["float64"],
    "end": [0.45],
    "epochs": [7, [1, 2, 4, 8]],
    "every": [3],
    "factor": [0.3],
    "final": [0.3],
    "floor": [0.02],
    "fn": [other_function, other_features],
    "fraction": [0.3],
    "freeze_after": [5],
    "from_logits": [True],
    "gamma": [1.5],
    "give": [0.25],
    "groups": [[["a", "b"], ["c"]]],
    "growth": [1.5],
    "heads": ["weighted"],
    "high": [0.9],
    "initial_losses": [[1.5, 2.5]],
    "interpolation": ["linear", "constant"],
    "kernels_only": [False],
    "kind": ["classification", ["classification", "regression"], "von_mises"],
    "layer": ["trunk"],
    "layers": ["trunk.*"],
    "learning_rate": [0.3],
    "limit": [0.9, 0.001, 5.0],
    "look": ["next_batch"],
    "loss": ["mae", keras.losses.Huber(delta=3.0), ml.losses.Dice(axis=(1, 2))],
    "losses": [{"a": "mse", "b": keras.losses.Huber(delta=3.0)}],
    "low": [0.15],
    "mask": ["seen"],
    "max_multiplier": [50.0],
    "max_penalty": [50.0],
    "max_weight": [5.0],
    "method": ["geco"],
    "minimum": [0.1, [0.1, 0.2]],
    "missing": [-1, "nan"],
    "monitor": ["a_loss", "val_loss"],
    "monitors": [["third", "fourth"]],
    "mu": [0.4],
    "name": ["mine"],
    "norm": ["l2", saved_norm],
    "normalize": ["none", "sum_to_k"],
    "order": ["fixed"],
    "otherwise": [0.35, ml.schedules.Linear(0.0, 1.0, steps=3)],
    "output": ["out"],
    "outputs": [["out"], ("out",)],
    "penalty": [2.0],
    "period": [7.0],
    "power": [0.3],
    "powers": [[2.0, 3.0]],
    "preferences": [[2.0, 3.0]],
    "primary": [1, "b"],
    "quantile": [0.3, [0.2, 0.6]],
    "ramp": [0.3],
    "reduction": ["sum"],
    "reference": [[0.1, 0.2], 1, "b"],
    "rescale": ["1+c2"],
    "restart": [False],
    "rho": [0.35],
    "sample_weight": ["importance"],
    "scale": [2.5, [2.0, 3.0], "running_mean", ml.scales.RunningStd(decay=0.5)],
    "scale_mode": ["rmse"],
    "shape": ["cosine", "triangle"],
    "shared": ["trunk.*"],
    "smooth": [0.5],
    "start": [0.55],
    "statistic": ["std"],
    "steps": [6, [3, 9]],
    "target": ["label"],
    "target_value": [0.7],
    "targets": [["out"], ("out",)],
    "temperature": [3.5],
    "term": ["mse", ml.Term("mae", class_weight={1: 3.0})],
    "then": [0.65, ml.schedules.Linear(0.0, 1.0, steps=3)],
    "upper_bound": [0.6],
    "value": [0.6],
    "values": [[0.5, 0.25, 0.75]],
    "variant": ["loss_weighted", "normalized"],
    "warmup": [2],
    "warmup_epochs": [2],
    "weight_decay": [0.02],
    "weights": [[2.0, 3.0], {"dice": 0.7}, {"a": 0.7}],
    "width": [2.0],
    "window": [3],
    "wrt": ["last_shared", "trunk.*"],
}
TERMS = [
    (ml.Term, [{"loss": "mse"}]),
    (ml.Joint, [{"fn": saved_function}]),
    (ml.FeaturePenalty, [{"fn": saved_features, "layer": "code"}]),
    (ml.WeightPenalty, [{"norm": "l1"}]),
    (ml.OutputPenalty, [{"norm": "l1"}]),
    (ml.Constraint, [{"term": "mae", "upper_bound": 0.5}]),
]
# A few arguments want another one beside them.
BESIDE = {
    "interpolation": [{"values": [0.0, 0.5, 1.0], "steps": [1, 2, 3]}],
    "monitor": [{"condition": saved_condition, "then": 1.0, "otherwise": 0.0}],
}
MEMBERS = [
    (entry.cls, [dict(case) for case in entry.cases])
    for family in ("balancer", "scale", "schedule", "loss")
    for entry in registry.members(family)
    if entry.cls.__module__.startswith("multiloss")
]
EVERY = [
    pytest.param(cls, cases, name, id=f"{cls.__module__.split('.')[1]}-{cls.__name__}-{name}")
    for cls, cases in [*TERMS, *MEMBERS]
    for name in parameters(cls)
]


def _again(value):
    return restored(json.loads(json.dumps(plain(value))))


def _made(cls, cases, name):
    """Members with the argument at another value than its default, in whatever case accepts it."""
    made = []
    for other in OTHERS[name]:
        for case in [*cases, *BESIDE.get(name, ())]:
            try:
                made.append(cls(**{**case, name: other}))
            except (ValueError, TypeError):
                continue
    return [member for member in made if not _same(arguments(member)[name], parameters(cls)[name].default)]


@pytest.mark.one_backend
@pytest.mark.parametrize(("cls", "cases", "name"), EVERY)
def test_every_argument_survives(cls, cases, name):
    made = _made(cls, cases, name)
    assert made, f"no value of {name} in OTHERS is accepted: add one"
    for member in made:
        again = _again(member)
        assert type(again) is cls
        assert again == member
        assert repr(again) == repr(member)


LOSSES = [
    keras.losses.Huber(delta=3.0),
    keras.losses.CosineSimilarity(axis=1),
    keras.losses.SparseCategoricalCrossentropy(axis=1, ignore_class=2),
    keras.losses.MeanSquaredError(dtype="float64"),
]


@pytest.mark.one_backend
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_what_keras_leaves_out_of_a_config_survives(loss):
    for again in (_again(loss), _again(ml.Term(loss)).loss, _again({"out": {"a": loss}})["out"]["a"]):
        assert again._fn_kwargs == loss._fn_kwargs
        assert again.dtype == loss.dtype
    metric = _again([keras.metrics.CosineSimilarity(axis=1)])[0]
    assert metric._fn_kwargs == {"axis": 1}


@pytest.mark.one_backend
def test_every_class_of_keras_is_whole_with_what_is_added():
    """Finds a loss or metric of Keras that leaves out something new."""
    for module, base in ((keras.losses, keras.losses.Loss), (keras.metrics, keras.metrics.Metric)):
        for name, cls in sorted(vars(module).items()):
            if not inspect.isclass(cls) or not issubclass(cls, base):
                continue
            try:
                made = cls()
            except (TypeError, NotImplementedError):  # needs arguments
                continue
            held = {**made.get_config(), **getattr(made, "_fn_kwargs", {})}
            left_out = set(parameters(cls)) - set(held) - {"dtype"}
            assert left_out <= ({"thresholds"} if name == "AUC" else set()), name  # AUC writes them when they are given


@pytest.mark.one_backend
@pytest.mark.parametrize("value", [{0: 1.0, 2: {1: "a"}}, (1, (2, [3])), {"a": (1, 2)}, slice(0, 3), {}, [], ()])
def test_plain_data_is_restored(value):
    assert _again(value) == value


def test_a_loaded_trainer_gives_the_same_numbers(tmp_path):
    """Class weights have integer keys, which JSON knows not; the columns are a tuple."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(12, 3)).astype("float32")
    y = {"label": generator.integers(0, 3, 12), "out": generator.normal(size=(12, 3)).astype("float32")}
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    outputs = {
        "label": keras.layers.Dense(3, activation="softmax")(inputs),
        "out": keras.layers.Dense(3, name="code")(inputs),
    }
    loss = {
        "label": ml.Term("sparse_categorical_crossentropy", class_weight={0: 0.5, 2: 3.0}),
        "out": {"huber": keras.losses.Huber(delta=0.1), "two": ml.Term(keras.losses.Huber(0.2), column=(0, 2))},
        "kept": ml.Constraint(ml.OutputPenalty(saved_norm, output="out", column=slice(1, None)), 0.5),
        "joint": ml.Joint(saved_function, outputs=("out",)),
        "features": ml.FeaturePenalty(saved_features, layer="code"),
        "weights": ml.WeightPenalty(saved_norm, layers="code"),
    }
    trainer = ml.compile(keras.Model(inputs, outputs), keras.optimizers.SGD(0.1), loss=loss)
    expected = trainer.evaluate(x, y, verbose=0, return_dict=True)
    trainer.save(tmp_path / "run.keras")
    loaded = keras.saving.load_model(tmp_path / "run.keras")
    assert loaded.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(expected, rel=1e-6)
    assert loaded.explain() == trainer.explain()
    assert dict(loaded.terms["label"].description.class_weight) == {0: 0.5, 2: 3.0}
    before = trainer.fit(x, y, verbose=0, shuffle=False).history
    after = loaded.fit(x, y, verbose=0, shuffle=False).history
    assert {name: values[0] for name, values in after.items()} == pytest.approx(
        {name: values[0] for name, values in before.items()}, rel=1e-5
    )
    assert arguments(loaded.terms["kept"].description) == arguments(trainer.terms["kept"].description)

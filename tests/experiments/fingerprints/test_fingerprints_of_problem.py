"""The fingerprint of a problem: each change that could change a result is seen, in the part that a person looks for."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import rich_problem
from rich_problem import arrays, build, crossed, depends, losses, make, own, own_metric, sequential

import multiloss as ml
from multiloss._core import registry
from multiloss.experiments.fingerprints import fingerprint
from multiloss.experiments.runs import Contender, InitialModel, of_start, train

HERE = Path(__file__).parent
PROGRAM = """
import json
from rich_problem import depends, make
found = depends(make())
assert not found.unread
print(json.dumps(found.parts))
"""


def built(**options):
    return {"build_model": functools.partial(build, **options)}


def lost(**options):
    return {"loss": functools.partial(losses, **options)}


def optimized(**options):
    return {"optimizer": keras.optimizers.SGD(0.1, **options)}


def measured(*metrics):
    return {"metrics": lambda: {"size": [keras.metrics.MeanAbsoluteError()], "kind": list(metrics)}}


CHANGES = [
    ("model", built(), built(activation="relu")),
    ("model", built(), built(activation=keras.ops.sigmoid)),
    ("model", built(), built(rate=0.2)),
    ("model", built(), built(regularizer=keras.regularizers.L2(0.01))),
    ("model", built(regularizer=keras.regularizers.L2(0.02)), built(regularizer=keras.regularizers.L2(0.01))),
    ("model", built(), built(constraint=keras.constraints.MaxNorm(1.0))),
    ("model", built(), built(factor=3.0)),
    ("model", built(), built(function=keras.ops.tanh)),
    ("model", built(), built(dtype="float64")),
    ("model", {"build_model": own}, {"build_model": functools.partial(own, offset=0.75)}),
    ("model", {"build_model": sequential}, {"build_model": functools.partial(sequential, momentum=0.8)}),
    ("model", {"build_model": crossed}, {"build_model": functools.partial(crossed, swapped=True)}),
    ("training data", {}, {"train": arrays(row=301)}),
    ("validation data", {}, {"validation": arrays(row=301)}),
    ("training data", {}, {"train": arrays(key="weight")}),
    ("training data", {}, {"train": (*arrays(), np.ones(600))}),
    ("losses", {}, lost(delta=2.0)),
    ("losses", {}, lost(margin=0.2)),
    ("losses", {}, lost(scale="running_max")),
    ("losses", {}, lost(scale=ml.scales.RunningMean(decay=0.5))),
    ("losses", {}, lost(weights={0: 1.0, 1: 2.0})),
    ("losses", {}, lost(penalty="l1")),
    ("losses", {}, {"loss": lambda: dict(reversed(losses().items()))}),
    ("loss weights", {}, {"loss_weights": {"kind": 3.0}}),
    (
        "loss weights",
        {"loss_weights": {"kind": ml.schedules.Linear(1.0, 0.5, steps=10)}},
        {"loss_weights": {"kind": ml.schedules.Linear(1.0, 0.5, steps=20)}},
    ),
    ("optimizer", optimized(), optimized(momentum=0.5)),
    ("optimizer", optimized(), optimized(clipnorm=1.0)),
    ("optimizer", optimized(), optimized(global_clipnorm=1.0)),
    ("optimizer", {"optimizer": "adam"}, {"optimizer": "nadam"}),
    (
        "optimizer",
        {"optimizer": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 100))},
        {"optimizer": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 200))},
    ),
    ("metrics", measured(own_metric), measured(keras.metrics.MeanMetricWrapper(own_metric, name="other"))),
    ("metrics", measured("accuracy"), measured("mae")),
    (
        "metrics",
        measured(keras.metrics.SparseTopKCategoricalAccuracy(k=1)),
        measured(keras.metrics.SparseTopKCategoricalAccuracy(k=2)),
    ),
    ("batch size", {}, {"batch_size": 8}),
]


@pytest.mark.one_backend
@pytest.mark.parametrize(("part", "before", "after"), CHANGES)
def test_a_change_of_the_problem_is_seen(part, before, after):
    first, second = depends(make(**before)), depends(make(**after))
    assert not first.unread
    assert not second.unread
    assert first.text != second.text
    assert part in second.changes(first.parts)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Contender(None), Contender(ml.balancers.get("uncertainty"))),
        (Contender(ml.aggregation.CAGrad(c=0.4)), Contender(ml.aggregation.CAGrad(c=0.5))),
        (Contender(None, {"size": 1.0}), Contender(None, {"size": 2.0})),
        (Contender(None), Contender(None, {"size": 1.0})),
    ],
)
def test_a_change_of_the_contender_is_seen(first, second):
    problem = make()
    assert depends(problem, first).text != depends(problem, second).text


@pytest.mark.one_backend
def test_settings_of_keras_and_seeds_are_seen():
    problem = make()
    found = {depends(problem).text, depends(problem, seed=1).text}
    floatx, epsilon = keras.config.floatx(), keras.config.epsilon()
    try:
        keras.config.set_epsilon(1e-5)
        found.add(depends(problem).text)
        keras.config.set_epsilon(epsilon)
        keras.config.set_floatx("float64")
        found.add(depends(problem).text)
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_epsilon(epsilon)
    assert len(found) == 4


@pytest.mark.parametrize("builder", [build, own, sequential, crossed])
def test_the_same_problem_is_the_same(builder):
    """Whatever Keras has numbered before, and whatever objects are new."""
    first = depends(make(build_model=builder))
    keras.layers.Dense(1)
    keras.losses.Huber()
    keras.optimizers.Adam()
    assert depends(make(build_model=builder)) == first
    assert not first.unread


@pytest.mark.one_backend
@pytest.mark.parametrize("builder", [build, own, sequential, crossed])
def test_names_that_keras_makes_up_do_not_count(builder):
    models = []
    for _ in range(2):  # the names of the second model go on where those of the first end
        keras.utils.set_random_seed(0)
        models.append(builder())
    assert [layer.name for layer in models[0].layers] != [layer.name for layer in models[1].layers] or builder is own
    assert fingerprint({"model": models[0]}) == fingerprint({"model": models[1]})


@pytest.mark.one_backend
def test_names_of_the_user_s_own_count():
    def made(name):
        x = keras.Input((2,))
        return keras.Model(x, keras.layers.Dense(1, name=name)(x))

    models = []
    for name in ("first", "second"):
        keras.utils.set_random_seed(0)
        models.append(made(name))
    assert fingerprint({"model": models[0]}) != fingerprint({"model": models[1]})


def test_training_does_not_change_the_question():
    """So that a second call in the same process finds what the first one has trained."""
    problem = make(loss=losses(), metrics=make().new_metrics(), optimizer=make().new_optimizer())
    contender = Contender(ml.balancers.get("uncertainty"))
    before = depends(problem, contender)
    small = make(
        loss=problem.loss, optimizer=problem.optimizer, metrics=problem.metrics, train=_few(), validation=_few()
    )
    found = train(
        small, InitialModel(small, 0), "x", contender.balancer, epochs=1, predict=False, report=lambda epoch: None
    )
    assert found.run.error is None
    assert depends(problem, contender) == before


def _few():
    x, y = arrays()
    return x[:32], {name: target[:32] for name, target in y.items()}


@pytest.mark.one_backend
def test_a_new_process_asks_the_same_question(monkeypatch):
    """With other hashes, and therefore another order of sets, and other addresses."""
    monkeypatch.setenv("PYTHONHASHSEED", "123")
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{Path(ml.__file__).parents[1]}")
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout.splitlines()[-1]) == rich_problem.depends(make()).parts


@pytest.mark.one_backend
def test_a_vocabulary_and_statistics_of_a_preprocessing_layer_count():
    def made(words, numbers):
        lookup, scale = keras.layers.StringLookup(), keras.layers.Normalization()
        lookup.adapt(words)
        scale.adapt(np.array(numbers)[:, None])
        return [lookup, scale]

    first = fingerprint({"layers": made(["a", "b"], [1.0, 2.0])})
    assert not first.unread
    assert first == fingerprint({"layers": made(["a", "b"], [1.0, 2.0])})
    assert first != fingerprint({"layers": made(["a", "c"], [1.0, 2.0])})
    assert first != fingerprint({"layers": made(["a", "b"], [1.0, 3.0])})


@pytest.mark.one_backend
def test_a_layer_without_a_config_leaves_the_model_readable():
    """`build` has one: then the shapes and the code that builds the model stand for the graph."""
    found = of_start(InitialModel(make(), 0))
    assert not found.unread


@pytest.mark.one_backend
def test_what_a_registered_name_means_counts():
    """`loss="of_its_own"` says nothing of what it stands for."""

    def asked(power):
        @ml.register("of_its_own")
        class OfItsOwn(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** power, axis=-1)

        return depends(make(loss={"size": "of_its_own", "kind": ml.Term("of_its_own")}))

    try:
        assert asked(2.0) == asked(2.0)
        assert asked(3.0).changes(asked(2.0).parts) == ["losses"]
    finally:
        del registry._ENTRIES["loss", "of_its_own"]

"""What cannot be read again is refused when it is saved, or before a training that would save it."""

import functools
import inspect

import keras
import numpy as np
import pytest
from keras import ops
from models import data, losses, two_heads

import multiloss as ml
from multiloss.training.model._savable import _is_lost

pytestmark = pytest.mark.one_backend


def squared(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


@keras.saving.register_keras_serializable("savable")
def registered(y_true, y_pred):
    return squared(y_true, y_pred)


def closure():
    def inside(y_true, y_pred):
        return squared(y_true, y_pred)

    return inside


def of_a_local_class(base):
    class Inside(base):
        def call(self, y_true, y_pred):
            return squared(y_true, y_pred)

    return Inside()


class NoConfig:
    def __call__(self, y_true, y_pred):
        return squared(y_true, y_pred)


class WithConfig(NoConfig):
    def get_config(self):
        return {}


def with_local_config():
    class Inside(WithConfig):
        pass

    return Inside()


def compiled(**arguments):
    loss = {**losses(), **arguments.pop("loss", {})}
    return ml.compile(two_heads(), arguments.pop("optimizer", "sgd"), loss=loss, **arguments)


LAMBDA = lambda y_true, y_pred: squared(y_true, y_pred)  # noqa: E731
UNREADABLE = [
    ({"metrics": {"value": [LAMBDA]}}, "A metric of 'value' holds a lambda"),
    ({"metrics": {"value": ["mae", closure()]}}, r"A metric of 'value\[1\]' holds a function inside a function"),
    (
        {"weighted_metrics": {"value": keras.metrics.MeanMetricWrapper(LAMBDA)}},
        "A weighted metric of 'value' holds a l",
    ),
    ({"metrics": {"value": of_a_local_class(keras.metrics.Mean)}}, "'value' holds an object of a class inside a"),
    ({"loss": {"value": LAMBDA}}, "Term 'value' holds a lambda"),
    ({"loss": {"value": {"near": closure()}}}, "Term 'value/near' holds a function inside a function"),
    ({"loss": {"value": of_a_local_class(keras.losses.Loss)}}, "Term 'value' holds an object of a class inside a"),
    ({"loss": {"value": ml.Constraint(ml.Term(LAMBDA), 1.0)}}, "Term 'value' holds a lambda"),
    ({"loss": {"value": ml.losses.WeightedSum({"a": LAMBDA}, {"a": 1.0})}}, "Term 'value' holds a lambda"),
    ({"loss": {"value": NoConfig()}}, "Term 'value' holds an object without `get_config`"),
    ({"loss": {"value": functools.partial(squared)}}, "Term 'value' holds an object without `get_config`"),
    ({"loss": {"all": ml.WeightPenalty(lambda weight: ops.sum(weight))}}, "Term 'all' holds a lambda"),
    (
        {"loss_weights": {"value": ml.schedules.When(lambda step: step > 3, 1.0, otherwise=2.0)}},
        "The weight of 'value' holds a lambda",
    ),
    (
        {
            "loss_weights": {
                "value": ml.schedules.When(
                    "step > 3", ml.schedules.When(lambda step: step > 3, 1.0, otherwise=0.0), otherwise=2.0
                )
            }
        },
        "The weight of 'value' holds a lambda",
    ),
    ({"loss": {"p": ml.OutputPenalty(LAMBDA, output="value")}}, "Term 'p' holds a lambda"),
    ({"loss": {"p": ml.FeaturePenalty(lambda features: features[:, 0], layer="trunk")}}, "Term 'p' holds a lambda"),
    ({"loss": {"p": ml.Constraint(ml.Joint(lambda y_pred: y_pred["value"][:, 0]), 1.0)}}, "Term 'p' holds a lambda"),
    ({"optimizer": keras.optimizers.SGD(learning_rate=lambda: 0.1)}, "`optimizer` holds a lambda"),
    ({"loss": {"value": ml.Term(NoConfig())}}, "Term 'value' holds an object without `get_config`"),
    ({"loss": {"value": ml.Term(NoConfig().__call__)}}, "Term 'value' holds an object without `get_config`"),
    ({"loss": {"value": ml.Term(functools.partial(squared))}}, "Term 'value' holds an object without `get_config`"),
    ({"loss": {"value": ml.Term(with_local_config())}}, "Term 'value' holds an object of a class inside a function"),
    ({"loss": {"value": ml.losses.WeightedSum({"a": NoConfig()}, {"a": 1.0})}}, "Term 'value' holds an object without"),
    ({"loss": {"p": ml.WeightPenalty(sum)}}, "Term 'p' holds a function that Keras does not find by its name"),
]


@pytest.mark.parametrize(("arguments", "message"), UNREADABLE)
def test_it_is_refused_when_it_is_saved(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=f"{message}.*cannot be saved.*register_keras_serializable"):
        compiled(**arguments).save(tmp_path / "trainer.keras")


@pytest.mark.parametrize(
    ("term", "function"),
    # Keras 3.15 finds no `sum`, and would load keras.losses.binary_crossentropy in the other's place; 3.16 finds both.
    [(ml.WeightPenalty(ops.sum), ops.sum), (ml.Term(ops.binary_crossentropy), ops.binary_crossentropy)],
)
def test_functions_of_keras_are_refused_where_keras_does_not_find_them(term, function, tmp_path):
    trainer = compiled(loss={"value": term})
    try:
        found = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(function))
    except (TypeError, ValueError):
        found = None
    if found is function:
        trainer.save(tmp_path / "trainer.keras")
        assert getattr(ml.load(tmp_path / "trainer.keras").terms["value"].description, "loss", function) is function
        return
    with pytest.raises(ValueError, match="Term 'value' holds a function that Keras does not find by its name"):
        trainer.save(tmp_path / "trainer.keras")


def test_a_checkpoint_of_it_is_refused_before_training(tmp_path):
    x, y = data(16)
    trainer = compiled(metrics={"value": [LAMBDA]})
    before = [np.array(ops.convert_to_numpy(variable)) for variable in trainer.trainable_variables]
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    with pytest.raises(ValueError, match="A metric of 'value' holds a lambda, which cannot be saved"):
        trainer.fit(x, y, verbose=0, callbacks=[checkpoint])
    for old, new in zip(before, trainer.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, ops.convert_to_numpy(new))


def test_what_saves_weights_alone_is_not_stopped(tmp_path):
    x, y = data(16)
    weights = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    compiled(loss={"value": LAMBDA}, run_eagerly=True).fit(x, y, verbose=0, callbacks=[weights, backup])
    assert (tmp_path / "1.weights.h5").exists()


def test_what_is_loaded_with_custom_objects_alone_is_said(tmp_path):
    trainer = compiled(loss={"value": squared}, metrics={"value": registered})
    with pytest.warns(UserWarning, match=r"Term 'value' holds 'squared'.*custom_objects=\{'squared': squared\}"):
        trainer.save(tmp_path / "trainer.keras")
    keras.saving.load_model(tmp_path / "trainer.keras", custom_objects={"squared": squared})


def test_an_unregistered_class_inside_of_a_term_is_said(tmp_path):
    with pytest.warns(UserWarning, match=r"Term 'value' holds 'WithConfig'.*custom_objects"):
        compiled(loss={"value": ml.Term(WithConfig())}).save(tmp_path / "trainer.keras")


@pytest.mark.parametrize("room", [keras.losses, keras.metrics], ids=["losses", "metrics"])
def test_every_function_of_keras_for_losses_and_metrics_is_found_again(room):
    for name, function in vars(room).items():
        if inspect.isfunction(function) and name not in ("get", "serialize", "deserialize"):
            assert not _is_lost(function), name


def test_what_keras_knows_is_saved_and_loaded(tmp_path):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    known = keras.losses.get("mae")
    trainer = compiled(
        optimizer=keras.optimizers.SGD(schedule),
        loss={"value": {"a": registered, "b": known, "c": ml.Term(keras.losses.Huber(), scale="running_mean")}},
        metrics={"value": ["accuracy", keras.metrics.MeanAbsoluteError(), registered]},
        balancer="uncertainty",
    )
    with keras.saving.custom_object_scope({"squared": squared}):
        compiled(loss={"value": squared}).save(tmp_path / "scoped.keras")
    trainer.save(tmp_path / "trainer.keras")
    assert list(keras.saving.load_model(tmp_path / "trainer.keras").terms) == list(trainer.terms)

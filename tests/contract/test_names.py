"""The names of members: one rule, the literature's short names, and names of a user's own."""

import re

import keras
import numpy as np
import pytest

import multiloss as ml
from multiloss._core import registry
from multiloss._core.expectations import EXPECTATIONS
from multiloss.diagnostics._loss_kind import _FAMILY_OF, _OF_KERAS, _expected

pytestmark = pytest.mark.one_backend

FAMILIES = {"balancer": ml.balancers, "scale": ml.scales, "schedule": ml.schedules, "loss": ml.losses}
ENTRIES = [
    pytest.param(entry, id=f"{family}-{entry.name}") for family in FAMILIES for entry in registry.members(family)
]
SHORT = {
    "uw": "Uncertainty",
    "uw_so": "UncertaintySoftmax",
    "rlw": "RandomWeighting",
    "gls": "GeometricMean",
    "stch": "SmoothTchebycheff",
    "imtl": "IMTLG",
    "imtl_g": "IMTLG",
    "imtl_l": "IMTLL",
    "dwa": "DynamicWeightAverage",
    "config": "ConFIG",
    "con_fig": "ConFIG",
    "mgda": "MGDA",
    "pcgrad": "PCGrad",
    "pc_grad": "PCGrad",
    "grad_norm": "GradNorm",
    "encodec": "EncodecBalancer",
    "lr_annealing": "LearningRateAnnealing",
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_name_is_the_class_name_in_lower_case(entry):
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", entry.name)
    # A loss called as one of Keras's is another loss: only as an object, or by its longer name.
    longer = "soft" if entry.family == "loss" and registry.known_to_keras(entry.cls.__name__) else ""
    assert entry.name.replace("_", "") == longer + entry.cls.__name__.lower()


@pytest.mark.parametrize("family", FAMILIES)
def test_no_name_or_alias_means_two_members(family):
    keys = [key for entry in registry.members(family) for key in entry.keys]
    assert len(keys) == len(set(keys))
    assert FAMILIES[family].names() == sorted(entry.name for entry in registry.members(family))


@pytest.mark.parametrize(("name", "cls"), SHORT.items())
def test_short_names_of_the_literature(name, cls):
    assert type(ml.balancers.get(name)).__name__ == cls


def test_an_error_guesses_aliases_too():
    with pytest.raises(ValueError, match="Did you mean 'uw_so'"):
        ml.balancers.get("uw_soo")
    with pytest.raises(ValueError, match="Did you mean 'calibrated'"):
        ml.scales.get("calibratd")


@pytest.mark.parametrize(
    ("module", "made"),
    [
        (ml.balancers, ml.aggregation.PCGrad(every=2)),
        (ml.scales, ml.scales.RunningMean(decay=0.5)),
        (ml.schedules, ml.schedules.Linear(0, 1, epochs=3)),
        (ml.losses, ml.losses.Dice(smooth=0.5)),
    ],
)
def test_what_is_serialized_comes_back(module, made):
    assert module.deserialize(module.serialize(made)) == made
    assert module.get(module.serialize(made)) == made
    assert module.get(made) is made


def test_what_stands_for_what():
    assert ml.balancers.get(None) is None
    assert ml.scales.get(None) == ml.scales.get(1)
    assert ml.schedules.get(0.5) == ml.schedules.Constant(0.5)
    assert isinstance(ml.losses.get("Huber"), keras.losses.Huber)
    with pytest.raises(ValueError, match=r"needs arguments.*Linear\(start=\.\.\., end=\.\.\.\)"):
        ml.schedules.get("linear")


KERAS = [name for name in dir(keras.losses) if not name.startswith("_")]


@pytest.mark.parametrize("name", sorted({*KERAS, "mse", "MAE", "kld"} - {"Loss", "get", "serialize", "deserialize"}))
def test_a_name_that_keras_has_means_what_keras_means(name):
    found = ml.losses.get(name)
    assert (found if hasattr(found, "__name__") else type(found)).__module__.startswith("keras.")
    assert registry.known_to_keras(name)


def test_no_loss_takes_a_name_of_keras():
    for entry in registry.members("loss"):
        assert not [name for name in (entry.name, *entry.aliases) if registry.known_to_keras(name)]


def test_every_loss_says_what_it_expects():
    for entry in registry.members("loss"):
        assert entry.expects in EXPECTATIONS, entry.name
    of_keras = {name.lower() for name in KERAS if isinstance(getattr(keras.losses, name), type) and name != "Loss"}
    assert of_keras <= set(_FAMILY_OF)
    assert set(_FAMILY_OF) - of_keras <= {"sparsecategoricalfocalcrossentropy"}  # not every release has it
    assert set(_OF_KERAS) - {""} <= set(EXPECTATIONS)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("dice", ("overlap", False)),
        (keras.losses.Poisson(), ("", False)),
        (ml.losses.Boundary(from_logits=True), ("distances", True)),
        (ml.losses.WeightedSum({"a": "bce", "b": ml.losses.BinaryFocal()}), ("binary", False)),
        (ml.losses.WeightedSum({"a": "mse", "b": "mae"}), ("", False)),
        (lambda y_true, y_pred: y_pred, ("", False)),
    ],
)
def test_what_a_loss_expects(loss, expected):
    assert _expected(ml.losses.get(loss)) == expected


@pytest.fixture
def registered():
    before = dict(registry._ENTRIES)
    yield
    registry._ENTRIES.clear()
    registry._ENTRIES.update(before)


def halves():
    class SecondHalf(ml.Balancer):
        """The second term at a part of the first."""

        needs = ml.Needs.LOSSES

        def __init__(self, part=0.5, *, normalize="none"):
            super().__init__(normalize)
            self.part = part

        def raw_weights(self, signals, state):
            return keras.ops.convert_to_tensor(np.array([1.0, self.part], "float32")), state

    return SecondHalf


@pytest.mark.usefixtures("registered")
def test_a_registered_balancer_trains_by_name_and_is_saved(tmp_path):
    own = ml.register("second_half", aliases=("sh",))(halves())
    inputs = keras.Input((3,))
    outputs = {name: keras.layers.Dense(1, name=name)(inputs) for name in ("a", "b")}
    trainer = ml.compile(keras.Model(inputs, outputs), "sgd", loss={"a": "mse", "b": "mse"}, balancer="second_half")
    x = np.ones((8, 3), "float32")
    history = trainer.fit(x, {"a": x[:, :1], "b": x[:, :1]}, verbose=0)
    assert history.history["b_weight"] == [0.5]
    trainer.save(tmp_path / "run.keras")
    assert keras.saving.load_model(tmp_path / "run.keras").balancer == own()
    assert "second_half" in ml.balancers.names()
    assert ml.balancers.get("sh") == own()


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("name", ["pcgrad", "uw", "PC_Grad"])
def test_a_taken_name_is_refused(name):
    with pytest.raises(ValueError, match="must have a name of its own"):
        ml.register(name)(halves())


class OwnLoss(keras.losses.Loss):
    """A loss of a user's own."""

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("name", ["mse", "dice", "categorical_generalized_cross_entropy"])
def test_a_loss_may_not_take_a_name_of_keras(name):
    with pytest.raises(ValueError, match=f"'{name}' is a loss of Keras"):
        ml.register(name)(OwnLoss)
    with pytest.raises(ValueError, match="Unknown expectation 'binry'"):
        ml.register("own_loss", expects="binry")(OwnLoss)


@pytest.mark.usefixtures("registered")
def test_a_class_that_is_made_anew_takes_its_own_name():
    ml.register("second_half")(halves())
    again = ml.register("second_half")(halves())
    assert type(ml.balancers.get("second_half")) is again


def test_only_members_are_registered():
    with pytest.raises(ValueError, match="must derive from"):
        ml.register("mine")(dict)

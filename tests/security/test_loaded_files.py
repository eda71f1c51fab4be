"""A manipulated trainer file: what it asks for from outside is refused by its name, in every place, and never run."""

import ast
import copy
import json
import pickle
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import multiloss as ml

pytestmark = pytest.mark.one_backend
ROOT = Path(__file__).parents[2]


@keras.saving.register_keras_serializable("outside")
def norm(weights):
    return ops.sum(ops.square(weights))


@keras.saving.register_keras_serializable("outside")
def agree(y_pred):
    return ops.mean(y_pred["a"], axis=-1)


@keras.saving.register_keras_serializable("outside")
def code(features):
    return ops.mean(features, axis=-1)


@keras.saving.register_keras_serializable("outside")
def far(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


@keras.saving.register_keras_serializable("outside")
def late(step):
    return step > 3


def full_trainer():
    """One of everything that `compile` takes."""
    inputs = keras.Input((2,))
    trunk = keras.layers.Dense(2, name="trunk")(inputs)
    model = keras.Model(inputs, {name: keras.layers.Dense(2, name=f"to_{name}")(trunk) for name in "abc"})
    loss = {
        "a": {"near": ml.Term("mse", scale=ml.scales.RunningStd(), missing="nan"), "far": far},
        "b": ml.Term(keras.losses.Huber(), class_weight={0: 1.0, 1: 2.0}, column=(0, 1)),
        "c": ml.losses.WeightedSum({"x": keras.losses.MeanAbsoluteError(), "y": far}, {"x": 0.5}),
        "joint": ml.Joint(agree),
        "weights": ml.WeightPenalty(norm, layers="trunk"),
        "bound": ml.Constraint(ml.OutputPenalty(norm, output="a"), 1.0),
        "inner": ml.FeaturePenalty(code, layer="trunk"),
    }
    weights = {"b": ml.schedules.When(late, ml.schedules.Linear(1.0, 0.5, steps=3), otherwise=0.1), "joint": 0.2}
    return ml.compile(
        model,
        keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
        loss=loss,
        loss_weights=weights,
        balancer=ml.aggregation.PCGrad(),
        metrics={"a": [keras.metrics.MeanAbsoluteError(), far], "b": ["mse"]},
        weighted_metrics={"c": [keras.metrics.MeanMetricWrapper(far)]},
    )


def paths(data, so_far=()):
    """Every place in plain data at which a value stands."""
    yield so_far
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, entry in children:
        yield from paths(entry, (*so_far, key))


def places_for_objects(config):
    """All of them but those that say of an object which it is."""
    return (path for path in paths(config) if path and path[-1] not in ("class_name", "registered_name", "module"))


def with_planted(config, path, planted):
    config = copy.deepcopy(config)
    if not path:
        return planted
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = planted
    return config


CANARY = {"run": 0}


def run_canary(*args, **kwargs):
    """It is in a module that anybody can import, and not registered."""
    CANARY["run"] += 1
    return 0.0


OUTSIDE = {
    "os.system": {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
    "subprocess.Popen": {"module": "subprocess", "class_name": "Popen", "config": {"args": ["false"]}},
    "builtins.eval": {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"},
    f"{__name__}.run_canary": {
        "module": __name__,
        "class_name": "function",
        "config": "run_canary",
        "registered_name": "run_canary",
    },
    f"{__name__}.Canary": {"module": __name__, "class_name": "Canary", "config": {}, "registered_name": "mine>Canary"},
}


class Canary:
    def __init__(self):
        CANARY["run"] += 1

    @classmethod
    def from_config(cls, config):
        return cls()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "full.keras"
    full_trainer().save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return path, parts, json.loads(parts["config.json"])


@pytest.fixture
def trainer(saved):
    """The trainer of the file, not yet compiled."""
    return keras.saving.deserialize_keras_object({**copy.deepcopy(saved[2]), "compile_config": None})


def load(folder, parts, config):
    path = folder / "changed.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, json.dumps(config) if name == "config.json" else content)
    return keras.saving.load_model(path)


def test_the_file_itself_loads(saved, tmp_path):
    trainer = load(tmp_path, saved[1], saved[2])
    assert set(trainer.terms) == {"a/near", "a/far", "b", "c", "joint", "weights", "bound", "inner"}


@pytest.mark.parametrize("name", OUTSIDE)
def test_in_every_place_of_the_compile_arguments(saved, trainer, name):
    """Hundreds of places: those of the file itself, none by hand."""
    config = saved[2]["compile_config"]
    places = list(places_for_objects(config))
    assert len(places) > 150
    assert {path[0] for path in places} > {"loss", "loss_weights", "balancer", "metrics", "optimizer"}
    for path in places:
        with pytest.raises(ValueError, match=rf"asks for.*Received: {name}\. If it is yours, import"):
            trainer.compile_from_config(with_planted(config, path, OUTSIDE[name]))
    assert CANARY["run"] == 0


def test_every_object_of_the_file_renamed_to_one_from_outside(saved, trainer):
    """The name of an object changed in its place, what it holds left as it was."""
    config = saved[2]["compile_config"]
    objects = [path[:-1] for path in paths(config) if path and path[-1] == "class_name"]
    assert len(objects) > 20
    for path in objects:
        changed = copy.deepcopy(config)
        place = changed
        for key in path:
            place = place[key]
        place.update(module="os", class_name="system", registered_name="mine>system")
        with pytest.raises(ValueError, match=r"Received: os\.system\."):
            trainer.compile_from_config(changed)


def test_the_refusal_names_the_term(saved, tmp_path):
    config = copy.deepcopy(saved[2])
    config["compile_config"]["loss"]["a"]["near"]["config"]["loss"] = OUTSIDE["os.system"]
    message = r"^Term 'a/near' of the file asks for what is neither of Keras nor of multiloss.*Received: os\.system\."
    with pytest.raises(ValueError, match=message):
        load(tmp_path, saved[1], config)


def _lambda():
    layer = keras.layers.Lambda(lambda x: x)
    return layer.get_config()["function"]


def test_a_lambda_in_a_file_is_refused_by_its_place_and_never_run(saved, trainer):
    planted = _lambda()
    assert planted["class_name"] == "__lambda__"
    config = saved[2]["compile_config"]
    for path in places_for_objects(config):
        with pytest.raises(ValueError, match=r"of the file holds a lambda, which is code.*safe_mode=False"):
            trainer.compile_from_config(with_planted(config, path, planted))


def test_safe_mode_off_means_what_it_means_in_keras(saved, tmp_path):
    """Code in a layer of the model: refused by Keras, and loaded where the user says so."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2.0, output_shape=(2,))(inputs))
    ml.compile(model, "sgd", loss="mse").save(tmp_path / "lambda.keras")
    with pytest.raises(ValueError, match="Lambda"):
        keras.saving.load_model(tmp_path / "lambda.keras")
    trainer = keras.saving.load_model(tmp_path / "lambda.keras", safe_mode=False)
    np.testing.assert_array_equal(trainer.predict(np.ones((1, 2)), verbose=0), [[2.0, 2.0]])


@pytest.mark.parametrize("room", [ml.losses, ml.balancers, ml.scales, ml.schedules], ids=lambda room: room.__name__)
@pytest.mark.parametrize("name", OUTSIDE)
def test_configs_of_single_members_ask_for_nothing_outside_either(room, name):
    with pytest.raises((ValueError, TypeError), match=OUTSIDE[name]["class_name"].replace("function", "Could not")):
        room.deserialize(OUTSIDE[name])
    assert CANARY["run"] == 0


def test_no_source_reads_pickles_or_makes_code_of_text():
    """But for the problem file that the user names, and a lambda that Keras has just made bytes of."""
    forbidden = {"eval", "exec", "__import__"}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in forbidden, f"{path}:{node.lineno}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name = node.func.attr
                module = getattr(node.func.value, "id", "")
                assert (module, name) not in {("pickle", "load"), ("pickle", "loads")}, path
                assert (module, name) != ("marshal", "loads") or path.name == "_keras_objects.py", path
                assert name != "exec_module" or path.name == "_problem_reference.py", path
                if (module, name) == ("np", "load"):
                    allowed = {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords}
                    assert allowed["allow_pickle"] is False, path


def test_a_pickle_in_the_place_of_arrays_is_not_opened(tmp_path):
    from multiloss.experiments.runs import Samples

    class Bomb:
        def __reduce__(self):
            return run_canary, ()

    np.savez(tmp_path / "samples.npz", header=np.array([Bomb()], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        Samples.load(tmp_path / "samples.npz")
    (tmp_path / "whole.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises((ValueError, pickle.UnpicklingError)):
        Samples.load(tmp_path / "whole.npz")
    assert CANARY["run"] == 0

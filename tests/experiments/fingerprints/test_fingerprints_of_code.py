"""Code is known by what it does: a table of changes that must be seen, and one of changes that mean nothing."""

import functools
import importlib.util
import sys
import threading

import keras
import numpy as np
import pytest
from user_code import CHANGES, CHANGES_OF_THE_LAYER, NO_CHANGES, variant

from multiloss.experiments.fingerprints import digest, fingerprint

pytestmark = pytest.mark.one_backend


@pytest.fixture(scope="module")
def whole():
    return digest(variant().everything())


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_a_change_in_code_is_seen(whole, old, new):
    assert digest(variant(old, new).everything()) != whole


@pytest.mark.parametrize(("old", "new"), NO_CHANGES)
def test_what_code_does_not_do_is_not_seen(whole, old, new):
    assert digest(variant(old, new).everything()) == whole


@pytest.mark.parametrize(("old", "new"), [("", ""), *CHANGES_OF_THE_LAYER])
def test_an_own_layer_is_known_by_its_code_and_attributes(old, new):
    same = digest(variant().OwnLayer()) == digest(variant(old, new).OwnLayer())
    assert same is (old == "")


def test_nothing_is_too_deep_and_nothing_goes_round_for_ever():
    def nested(depth, value):
        return value if depth == 0 else {"in": [nested(depth - 1, value)]}

    assert digest(nested(40, 1.0)) != digest(nested(40, 2.0))
    round_about = [1.0]
    round_about.append({"again": round_about})
    other = [1.0]
    other.append({"again": other})
    assert digest(round_about) == digest(other)
    other[0] = 2.0
    assert digest(round_about) != digest(other)


def test_what_is_too_deep_to_be_read_is_not_believed():
    value = 1.0
    for _ in range(5000):
        value = [value]
    assert "nested too deeply" in fingerprint({"losses": value}).unread[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, True),
        (1, 1.0),
        ("1", 1),
        (None, "None"),
        ([], ()),
        ([[1], 2], [[1, 2]]),
        ({"a": 1}, {"b": 1}),
        ({"a": {"b": 1}}, {"a": {"c": 1}}),
        ({1: 2}, {2: 1}),
        ({1: "a"}, {"1": "a"}),
        ({1, 2}, [1, 2]),
        (b"a", "a"),
        (0.0, -0.0),
        (range(3), range(4)),
        (np.random.default_rng(0), np.random.default_rng(1)),
        (functools.partial(max, 1), functools.partial(max, 2)),
        (keras.ops.relu, keras.ops.tanh),
        (np.maximum, np.minimum),
        (keras.losses.Huber, keras.losses.LogCosh),
    ],
)
def test_values_that_differ(first, second):
    assert digest(first) != digest(second)
    assert digest(first) == digest(first)


def test_what_cannot_be_read_is_named(tmp_path):
    with (tmp_path / "file").open("w") as handle:

        def reads():
            return handle

        found = fingerprint({"losses": {"size": reads}, "metrics": [1]})
    assert len(found.unread) == 1
    assert found.unread[0] == "losses › size › handle is a TextIOWrapper, which can be read once only"
    assert not fingerprint({"balancer": [threading.Lock(), threading.RLock()]}).unread


def test_an_own_fingerprint_is_believed():
    class Handle:
        def __init__(self, text):
            self.file = (each for each in ())
            self.fingerprint = text

    assert digest(Handle("a")) == digest(Handle("a"))
    assert digest(Handle("a")) != digest(Handle("b"))
    assert not fingerprint({"losses": Handle("a")}).unread
    assert fingerprint({"losses": Handle(object())}).unread


def test_the_parts_that_changed_are_named():
    first = fingerprint({"losses": 1, "metrics": 2})
    assert (first | fingerprint({"model": 3})).changes(first.parts) == ["model"]
    assert fingerprint({"losses": 1, "metrics": 4}).changes(first.parts) == ["metrics"]
    assert first.text != fingerprint({"losses": 1, "metrics": 4}).text


def test_a_key_is_no_registered_name():
    before = fingerprint({"losses": {"of_a_test": 1}}).text
    keras.saving.register_keras_serializable("fingerprints", "of_a_test")(_own)
    assert fingerprint({"losses": {"of_a_test": 1}}).text == before


def _own(y_true, y_pred):
    return keras.ops.mean(y_pred - y_true, axis=-1)


def test_the_name_of_a_problem_file_s_module_does_not_count(tmp_path):
    """Where another module has the file's name already, the command line gives it another one."""
    path = tmp_path / "my_problem.py"
    path.write_text("def helper():\n    return 1\n\n\ndef build_model():\n    return helper()\n")
    found = set()
    for name in ("my_problem", "problem in my_problem.py"):
        specification = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        found.add(fingerprint({"model": module.build_model}).text)
        del sys.modules[name]
    assert len(found) == 1

"""A module as a user writes it, in variants that differ by one replaced piece of text."""

from __future__ import annotations

import sys
import types

SOURCE = '''
import functools

import keras
import numpy as np

import multiloss as ml

FACTOR = 2.0
TABLE = np.arange(6.0)
LIMITS = {"low": [0.0, {"deep": (1, 2)}], "high": 1.0}
NAMES = {"a", "b", "c"}


def power_of(x, exponent=2, *, shift=0.0):
    """Documented."""
    result = keras.ops.power(x, exponent) * FACTOR + shift  # a comment
    return result


def curried(rate):
    def inner(x):
        return even(4) * rate * power_of(x) if x is not None else NAMES
    return inner


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def decorated(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)
    return wrapper


@decorated
def shown(x):
    return x + 0.25


@functools.lru_cache
def cached(n):
    return n + 10


class Scaler:
    bias = 0.5

    def __init__(self, scale):
        self.scale = scale

    def apply(self, x):
        return x * self.scale + self.bias + cached(3)


class OwnLoss(keras.losses.Loss):
    margin = 0.125

    def __init__(self, strength=1.5, name="own"):
        super().__init__(name=name)
        self.strength = strength
        self.scaler = Scaler(4.0)

    def call(self, y_true, y_pred):
        import numpy
        return keras.ops.mean(self.scaler.apply(y_true - y_pred) + LIMITS["high"] * numpy.float32(5), axis=-1)


class OwnLayer(keras.layers.Layer):
    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.units = units
        self.inside = keras.layers.Dense(units, activation=curried(0.75))

    def call(self, x):
        return self.inside(x) + TABLE[5] + shown(1.0)


def loss_of_function(y_true, y_pred):
    return keras.ops.mean(functools.partial(power_of, exponent=3)(y_true - y_pred), axis=-1)


def everything():
    return [
        OwnLoss(), loss_of_function, Scaler(7.0).apply, functools.partial(curried(6.0), 8), lambda x: x * 9.0,
        ml.Term(OwnLoss(), scale=11.0), even, shown, OwnLayer,
    ]


def unused(x):
    return x - 1000.0
'''

CHANGES = [
    ("FACTOR = 2.0", "FACTOR = 2.5"),
    ("np.arange(6.0)", "np.arange(6.0) + 1e-9"),
    ('{"deep": (1, 2)}', '{"deep": (1, 3)}'),
    ('{"deep": (1, 2)}', '{"deeper": (1, 2)}'),
    ('{"a", "b", "c"}', '{"a", "b", "d"}'),
    ("exponent=2,", "exponent=4,"),
    ("shift=0.0)", "shift=0.1)"),
    ("* FACTOR + shift", "* FACTOR - shift"),
    ("keras.ops.power(", "keras.ops.minimum("),
    ("even(4) * rate", "even(6) * rate"),
    ("return n == 0 or", "return n == 2 or"),
    ("return n != 0 and", "return n != 1 and"),
    ("return function(*arguments)", "return function(*arguments) + 1"),
    ("return x + 0.25", "return x + 0.75"),
    ("return n + 10", "return n + 11"),
    ("bias = 0.5", "bias = 0.75"),
    ("x * self.scale", "x / self.scale"),
    ("margin = 0.125", "margin = 0.25"),
    ("strength=1.5", "strength=1.25"),
    ("Scaler(4.0)", "Scaler(4.5)"),
    ("numpy.float32(5)", "numpy.float32(6)"),
    ("axis=-1)\n\n\nclass OwnLayer", "axis=-2)\n\n\nclass OwnLayer"),
    ("exponent=3)", "exponent=5)"),
    ("Scaler(7.0)", "Scaler(7.5)"),
    ("curried(6.0)", "curried(6.5)"),
    ("(curried(6.0), 8)", "(curried(6.0), 12)"),
    ("x * 9.0", "x * 9.5"),
    ("scale=11.0", "scale=12.0"),
    ("import numpy\n", "import math as numpy\n"),
]
CHANGES_OF_THE_LAYER = [
    ("units=3", "units=4"),
    ("curried(0.75)", "curried(0.5)"),
    ("TABLE[5]", "TABLE[4]"),
    ("return x + 0.25", "return x + 0.75"),
    ("exponent=2,", "exponent=4,"),
]
# None of them changes what the code does.
NO_CHANGES = [
    ("# a comment", "# another comment"),
    ("\n\n\ndef even", "\n\n\n\n# moved down\n\n\ndef even"),
    ("result", "outcome"),
    ("return x - 1000.0", "return x - 2000.0"),
    ('{"a", "b", "c"}', '{"c", "b", "a"}'),
    ('{"low": [0.0, {"deep": (1, 2)}], "high": 1.0}', '{"high": 1.0, "low": [0.0, {"deep": (1, 2)}]}'),
    ("def power_of(x, exponent=2,", "def power_of(x, exponent: int = 2,"),
    ("class Scaler:\n", 'class Scaler:\n    """Told in words."""\n\n'),
]


def variant(old="", new=""):
    """The module with a piece of its text replaced."""
    assert old in SOURCE, old
    module = types.ModuleType("users_module")
    sys.modules["users_module"] = module
    exec(compile(SOURCE.replace(old, new) if old else SOURCE, "users_module.py", "exec"), vars(module))
    return module

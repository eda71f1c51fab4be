"""Whether a test goes through all balancers here: on PyTorch always, elsewhere by `make every-member`.

Compiling takes seconds for each of them on JAX and TensorFlow, where a few stand for all in `make test`.
"""

import os

import keras

EVERY_MEMBER = keras.backend.backend() == "torch" or os.environ.get("EVERY_MEMBER") == "1"

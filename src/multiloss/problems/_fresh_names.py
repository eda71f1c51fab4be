"""Models built where Keras counts names from the start."""

from __future__ import annotations

import threading
from collections.abc import Callable

import keras


def with_fresh_names(build_model: Callable[[], keras.Model]) -> keras.Model:
    """Calls `build_model` where Keras counts names from the start.

    An output layer without a name would be `dense_1` in the first model and `dense_3` in the next, and with it its
    terms and logs. Keras keeps the counters per thread; clearing its session would undo the user's settings as well.
    """
    policy = keras.config.dtype_policy()
    distribution = keras.distribution.distribution()
    found: list[keras.Model] = []
    failed: list[BaseException] = []

    def build() -> None:
        try:
            keras.config.set_dtype_policy(policy)
            keras.distribution.set_distribution(distribution)
            found.append(build_model())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=build, name="build_model")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        thread.join()  # a model that is half built cannot be left alone; a second Ctrl-C does not wait for it
        raise
    if failed:
        raise failed[0]
    return found[0]

"""Ctrl-C while a model trains."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

import keras


class Interrupts(keras.callbacks.Callback):
    """Stops a training after Ctrl-C, between two steps or at the end of the `with` block; a second one stops at once.

    Raised just anywhere, `KeyboardInterrupt` gets lost: Keras catches every exception in some places, to try another
    way, callbacks of the garbage collector print it and go on, and compiled code that it ends may crash.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        self._handler: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._notice)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
        if self._asked and not isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt from error

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Raises what was asked for."""
        if self._asked:
            raise KeyboardInterrupt

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """In validation too."""
        self.on_train_batch_begin(batch)

    def _notice(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            self._handler(number, frame)
        self._asked = True

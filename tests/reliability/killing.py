"""Processes that are begun warm, and killed."""

import os
import signal
import time
import warnings


def forked(work):
    """The number of a process that does the work, and nothing after it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child:
        return child
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        work()
    finally:
        os._exit(0)


def kill(child, seconds):
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

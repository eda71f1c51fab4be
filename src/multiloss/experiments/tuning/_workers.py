"""Several processes of this machine on one study."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import time
from typing import Any

from ..._core.errors import invalid
from ..._core.startup import quiet_start
from ._job import Job, make_problem
from ._loop import PAUSE, Loop, best_value
from ._progress import TuningProgress
from ._record import records
from ._recovery import requeue_lost_trials

_MISTAKES = (ValueError, ImportError)


class WorkersEnded(RuntimeError):
    """Every worker ended before there were enough trials."""


def check_source(source: Any) -> None:
    """Checks that another process can make the problem.

    Raises:
        ValueError: when it cannot: a function inside a function, or one typed into a notebook.
    """
    fix = (
        "Give the function that makes the problem, `def problem(): return ml.Problem(...)`, from a module that can be "
        "imported, and not its result. On the command line, `file.py:function` does."
    )
    main = sys.modules["__main__"]
    if getattr(source, "__module__", None) == "__main__" and not hasattr(main, "__file__"):
        raise invalid("With several workers, the problem must come from a file", received=repr(source), fix=fix)
    try:
        pickle.dumps(source)
    except Exception as error:
        raise invalid(
            "With several workers, each makes the problem anew, so it must be one that can be sent to them",
            received=f"{type(error).__name__}: {error}",
            fix=fix,
        ) from error


def run_workers(job: Job, count: int, loop: Loop) -> None:
    """Starts the processes, reports their results, and returns when there are enough trials.

    A worker that dies loses its trial to the others.

    Raises:
        ValueError: for a mistake that a worker met; ImportError likewise.
        WorkersEnded: when every worker died before there were enough trials.
    """
    # A new interpreter each: TensorFlow and JAX do not outlive a fork.
    context = multiprocessing.get_context("spawn")
    mistakes = context.SimpleQueue()
    workers = [context.Process(target=_work, args=(job, mistakes), name=f"worker {place}") for place in range(count)]
    reported = {record.number for record in records(loop.study)}
    for worker in workers:
        worker.start()
    try:
        while any(worker.is_alive() for worker in workers):
            time.sleep(PAUSE)
            requeue_lost_trials(loop.study)
            _report_new(loop, reported)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    _report_new(loop, reported)
    if not mistakes.empty():
        raise mistakes.get()
    if len(records(loop.study)) < loop.trials and any(worker.exitcode for worker in workers):
        codes = ", ".join(str(worker.exitcode) for worker in workers)
        raise WorkersEnded(
            f"The workers ended (exit codes {codes}) before all trials were done. What they wrote on standard error "
            "says why; a script that calls tune needs `if __name__ == '__main__':`. The same call goes on where they "
            "stopped."
        )


def _work(job: Job, mistakes: Any) -> None:
    with quiet_start():
        import keras

        keras.utils.set_random_seed(job.seed)
    try:
        with job.storage() as storage:
            job.prepare(storage, make_problem(job.source), _stop_without_parent, at_start=False)[1].work()
    except KeyboardInterrupt:
        sys.exit(130)
    except _MISTAKES as error:
        mistakes.put(error)
        sys.exit(2)


def _stop_without_parent(progress: TuningProgress) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise KeyboardInterrupt


def _report_new(loop: Loop, reported: set[int]) -> None:
    found = records(loop.study)
    best = best_value(found, loop.runner.objective.directions)
    for record in found:
        if record.number not in reported:
            reported.add(record.number)
            epochs = loop.runner.epochs
            loop.report(TuningProgress(len(reported), loop.trials, record.number, record.epochs, epochs, record, best))

"""Finds the trials of processes that are no more, and queues their points again."""

from __future__ import annotations

import os
import platform
import warnings
from datetime import datetime
from typing import Any

from ..._core.optional import require
from ._record import SURPLUS, WORKER
from ._storage import PURPOSE

# Seconds that the moment between the begin of a trial and the name of its process may take on a busy machine.
_MOMENT = 20.0
# Seconds that two readings of one start may differ by.
_SAME_START = 2.0


def this_worker() -> dict[str, Any]:
    """What distinguishes this process from all others: machine, number, and when it started."""
    return {"host": platform.node(), "process": os.getpid(), **(_started(os.getpid()) or {})}


def requeue_lost_trials(study: Any, at_start: bool = False) -> None:
    """Fails the trials whose process is gone, and queues their points once more.

    A process of this machine is asked for at once; that of another one counts as gone when its heartbeat stops.

    Args:
        study: Optuna's.
        at_start: this process has no trial of its own yet: what it left behind in an earlier call, and what ended
            without a result (stopped by Ctrl-C, or by an error of the problem), is queued as well.
    """
    optuna = require("optuna", extra="tune", purpose=PURPOSE)
    state = optuna.trial.TrialState
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)
        lost = [
            trial
            for trial in study.get_trials(states=(state.RUNNING,))
            if _is_gone(trial, at_start) and _fail(study, trial, optuna)
        ]
        if at_start:
            lost = _ended_without_result(study, optuna)
        for trial in lost:
            optuna.storages.RetryHeartbeatStaleTrialCallback()(study, trial)


def _fail(study: Any, trial: Any, optuna: Any) -> bool:
    """Whether it was this process that failed the trial: then it is also the one that queues it again."""
    try:
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    except (ValueError, optuna.exceptions.OptunaError):
        return False
    return True


def _ended_without_result(study: Any, optuna: Any) -> list[Any]:
    trials = study.get_trials()
    history = optuna.storages.RetryHeartbeatStaleTrialCallback.retry_history
    done = {number for trial in trials for number in history(trial)}
    failed = optuna.trial.TrialState.FAIL
    return [t for t in trials if t.state is failed and t.number not in done and SURPLUS not in t.user_attrs]


def _is_gone(trial: Any, at_start: bool) -> bool:
    """Whether the process of a running trial is known to have ended; False where it cannot be known."""
    worker = trial.user_attrs.get(WORKER)
    if worker is None:
        # A trial names its process in the moment after it was begun: this one died in between.
        return (datetime.now() - trial.datetime_start).total_seconds() > _MOMENT
    if worker["host"] != platform.node():
        return False
    psutil = require("psutil", extra="tune", purpose=PURPOSE)
    try:
        started = _started(worker["process"])
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
    # Numbers of processes are used again; the time of the start distinguishes them. Where the clock is set meanwhile,
    # either the time of day or the time since the machine started stays as it was: by the system.
    if started is None or all(abs(time - worker[key]) > _SAME_START for key, time in started.items() if key in worker):
        return True
    return at_start and worker["process"] == os.getpid()


def _started(process: int) -> dict[str, float] | None:
    """When a process started, in seconds since 1970 and since the machine started; None for one that is dead."""
    psutil = require("psutil", extra="tune", purpose=PURPOSE)
    found = psutil.Process(process)
    if found.status() == psutil.STATUS_ZOMBIE:  # dead, but not yet buried
        return None
    started = found.create_time()
    return {"started": started, "since_boot": started - psutil.boot_time()}

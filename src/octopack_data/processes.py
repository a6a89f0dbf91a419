"""Processes of a run: no other one works in its folder, none outlives it, and each may open many files."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, UsageError


@contextmanager
def alone(marks: Path) -> Iterator[None]:
    """Hold the marks' folder of a run; raises UsageError if another one (or what is left of it) is at work there.

    Two that write the same part would mix their rows. The system frees the folder when the last process ends, whatever
    ended it.
    """
    with _locked(marks, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextmanager
def together(marks: Path) -> Iterator[None]:
    """Hold the folder beside others that hold it in this way (the tasks of a job array); raises UsageError.

    Who wants it alone is kept out.
    """
    with _locked(marks, fcntl.LOCK_SH | fcntl.LOCK_NB):
        yield


@contextmanager
def one_at_a_time(place: Path) -> Iterator[None]:
    """Hold a folder, after the one that holds it now."""
    with _locked(place, fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(marks: Path, how: int) -> Iterator[None]:
    try:
        marks.mkdir(parents=True, exist_ok=True)
        folder = os.open(marks, os.O_RDONLY)
    except OSError as error:
        raise EnvironmentFault(f"{marks} cannot be written: {error}") from error
    try:
        fcntl.flock(folder, how)
    except BlockingIOError as error:
        os.close(folder)
        raise UsageError(f"{marks.parent}: another run is at work there: wait for its end, or end it") from error
    except OSError:
        pass  # some network file systems have no locks
    try:
        yield
    finally:
        os.close(folder)


def open_many_files() -> None:
    """Let this process open as many files as it may: the usual soft limit, 1024, is below the parts of CommitPack."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def end_with_parent() -> None:
    """Begin a worker: it ends with the process that started it, else it would write on beside the run that goes on."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: Any) -> None:
    parent.join()
    os._exit(1)

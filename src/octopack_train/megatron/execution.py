"""torchrun, started and waited for: signals reach it once, and where it ends ill, none of its processes is left."""

import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from humanevalpack.errors import EnvironmentFault, UsageError
from humanevalpack.sandbox.supervisor import kernel
from octopack_train.megatron.dialects import Dialect
from octopack_train.megatron.launch import HOST

GRACE = 75.0
"""Seconds from a signal to the kill: torchrun itself waits up to 30 for its workers, and 30 for those it has killed."""
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_LOOK = 0.2
"""Seconds between two looks for signals."""


def execute(words: Sequence[str], dialect: Dialect, grace: float = GRACE) -> int:
    """Run a command of this machine, and return its exit code, 128 and more where a signal has ended it.

    A signal that asks for the end (SIGHUP, SIGINT, SIGQUIT, SIGTERM) is handed on; a second one, or ``grace`` seconds,
    kill the command. What it has started and not ended is killed with any other exit code than 0, as where the system,
    short of memory, has killed torchrun. Raises UsageError, EnvironmentFault.
    """
    if shutil.which(words[0]) is None:
        raise EnvironmentFault(f"{words[0]} is not installed: it comes with torch, in the environment of Megatron-LM")
    host = os.environ.get("MASTER_ADDR")
    if host is None and any(word.startswith(HOST) for word in words):
        raise UsageError("several machines: MASTER_ADDR in the environment must be the name of the first one")
    told = [word.replace(HOST, str(host)) if word.startswith(HOST) else word for word in words]
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)  # processes whose parent has ended become ours: they can be found
    others = _descendants(os.getpid())
    with _signals() as received:
        # A group of its own: a terminal gives its interrupt to us alone, and torchrun, which leaves its workers behind
        # where a second signal comes while it ends them, has one.
        process = subprocess.Popen(told, env={**os.environ, **dialect.environment}, start_new_session=True)
        code = _waited(process, received, grace)
        for number in _descendants(os.getpid()) if code else ():
            if number not in others:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
    return code if code >= 0 else 128 - code


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect the signals that ask for the end; one that is ignored, as under nohup, stays so."""
    received: list[int] = []
    caught = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda came, _frame: received.append(came)) for number in caught}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _waited(process: subprocess.Popen[bytes], received: Sequence[int], grace: float) -> int:
    """Return the exit code of a process that leads its group; hand on the first of the signals."""
    end = None
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(_LOOK)
        if received and end is None:
            end = time.monotonic() + grace
            _log().warning(
                f"{signal.Signals(received[0]).name}: the run is told to end; it is killed in {grace:g} s, or when a "
                "second signal comes"
            )
            with suppress(ProcessLookupError):
                os.killpg(process.pid, received[0])
        elif end is not None and (len(received) > 1 or time.monotonic() >= end):
            _log().warning("the run is killed")
            process.kill()
            return process.wait()


def _descendants(root: int) -> list[int]:
    """Return the processes that ``root`` has started, however deep: torchrun's workers lead groups of their own."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # ended meanwhile
            parents[int(path.parent.name)] = int(path.read_text(errors="replace").rpartition(")")[2].split()[1])
    family = [root]
    for one in family:
        family += [number for number, parent in parents.items() if parent == one]
    return family[1:]


def _log() -> logging.Logger:
    return logging.getLogger(__name__)

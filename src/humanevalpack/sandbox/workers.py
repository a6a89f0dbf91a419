"""A worker: a process that speaks the supervisor's protocol over two pipes, wherever it lives."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from humanevalpack.errors import SandboxFault
from humanevalpack.sandbox.supervisor import frames

ENTRY = "import sys; sys.path.insert(0, sys.argv.pop(1)); from supervisor.main import main; main()"
"""What ``python3 -I -c`` runs: its first argument is the folder that holds ``supervisor/``, then the setting."""
SUPERVISOR = Path(__file__).resolve().parent / "supervisor"
_START = 60.0
_PIPE_SIZE = 1 << 20


@lru_cache(maxsize=1)
def _starter(process: int) -> ThreadPoolExecutor:
    """Return the thread that starts every worker of this process (a fork lacks its parent's threads: ``process``).

    bubblewrap ends its sandbox with the thread that started it, and a caller's thread may end before its programs do.
    """
    return ThreadPoolExecutor(1, thread_name_prefix=f"humanevalpack-starter-{process}")


class WorkerFault(Exception):
    """The worker broke: it ended, stopped answering or answered nonsense. Never the program's fault."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker says when it is up; ``slowness`` stretches the CPU limits on a slow machine."""

    python: str
    slowness: float


class Worker:
    """One running supervisor; it serves one frame at a time."""

    def __init__(self, argv: Sequence[str], env: dict[str, str]) -> None:
        """Start the process; raises WorkerFault (with what it said) if it cannot be started."""
        # stderr goes to a file and not to a pipe: nobody has to empty it, and it can be shown after a fault
        self._log = os.memfd_create("humanevalpack-worker")
        try:
            start = partial(subprocess.Popen, argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._process = _starter(os.getpid()).submit(start, stderr=self._log, start_new_session=True).result()
        except OSError as error:
            os.close(self._log)
            raise WorkerFault(f"{argv[0]}: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in = self._process.stdin.fileno()
        self._out = self._process.stdout.fileno()
        for end in (self._in, self._out):
            os.set_blocking(end, False)
            fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        self._waiting = b""
        self._unsent = memoryview(b"")

    @property
    def out(self) -> int:
        """The descriptor that becomes readable when the worker answers."""
        return self._out

    @property
    def inp(self) -> int:
        """The descriptor that becomes writable while a frame is being sent."""
        return self._in

    @property
    def sending(self) -> bool:
        """True while part of a frame is still to be written."""
        return bool(self._unsent)

    def ready(self) -> Ready:
        """Wait until the worker is up; raises WorkerFault."""
        kind, body = self.receive(time.monotonic() + _START)
        if kind != "ready":
            raise WorkerFault(f"the worker began with {kind!r}: {body}")
        return Ready(body["python"], body["slowness"])

    def send(self, frame: bytes) -> None:
        """Begin to send a frame; ``push`` until ``sending`` is False."""
        self._unsent = memoryview(frame)
        with suppress(WorkerFault):  # it died while it was idle: told by the next push, where faults are dealt with
            self.push()

    def push(self) -> None:
        """Send what the pipe takes now; raises WorkerFault if the worker is gone."""
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self._in, self._unsent[: 1 << 20]) :]
        except BlockingIOError:
            return
        except OSError as error:
            raise self.fault(f"cannot send to it: {error}") from error

    def take(self) -> tuple[str, Any] | None:
        """Return an answer (kind, body) if one is complete, else None; raises WorkerFault."""
        try:
            while data := os.read(self._out, 1 << 20):
                self._waiting += data
            ended = True
        except BlockingIOError:
            ended = False
        try:
            answer = frames.unpack(self._waiting)
        except frames.BrokenFrame as error:
            raise self.fault(str(error)) from error
        if answer is None:
            if ended:
                raise self.fault("it ended")
            return None
        kind, body, used = answer
        self._waiting = self._waiting[used:]
        return kind, body

    def receive(self, deadline: float) -> tuple[str, Any]:
        """Wait for an answer until ``deadline`` (monotonic seconds); raises WorkerFault."""
        while (answer := self.take()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self.fault("it does not answer")
            self.push()
            poller = select.poll()  # select.select would refuse the descriptors of a process that has many open
            poller.register(self._out, select.POLLIN)
            if self.sending:
                poller.register(self._in, select.POLLOUT)
            poller.poll(1000 * min(left, 1.0))
        return answer

    def fault(self, what: str) -> WorkerFault:
        """Return the fault with the end of what the worker wrote on stderr."""
        size = os.lseek(self._log, 0, os.SEEK_END)
        text = os.pread(self._log, 2000, max(0, size - 2000)).decode("utf-8", "replace").strip()
        return WorkerFault(f"{what}: {text}" if text else what)

    def hang_up(self) -> None:
        """Tell the worker to end, without waiting for it."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def close(self) -> None:
        """End the worker and everything it runs: it ends by itself when its input does, else it is killed."""
        self.hang_up()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        os.close(self._log)


@dataclass(frozen=True, slots=True)
class Started:
    """A worker that is up, and what it said."""

    worker: Worker
    ready: Ready


def started(argv: Sequence[str], env: dict[str, str], what: str) -> Started:
    """Start a worker and wait until it is up; raises SandboxFault that begins with ``what``."""
    worker = None
    try:
        worker = Worker(argv, env)
        return Started(worker, worker.ready())
    except BaseException as error:
        if worker is not None:
            worker.close()
        if isinstance(error, WorkerFault):
            raise SandboxFault(f"{what}: {error}") from error
        raise

"""A worker: a process that speaks the supervisor's protocol, wherever it lives."""

from __future__ import annotations

import os
import select
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from humanevalpack.errors import SandboxFault
from humanevalpack.sandbox.channels import Channel, ProcessChannel
from humanevalpack.sandbox.supervisor import frames

ENTRY = "import sys; sys.path.insert(0, sys.argv.pop(1)); from supervisor.main import main; main()"
"""What ``python3 -I -c`` runs: its first argument is the folder that holds ``supervisor/``, then the setting."""
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""The variables of every supervisor beside those of its kind of sandbox."""
SUPERVISOR = Path(__file__).resolve().parent / "supervisor"
_START = 60.0


class WorkerFault(Exception):
    """The worker broke: it ended, stopped answering or answered nonsense. Never the program's fault."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker says when it is up; ``slowness`` stretches the CPU limits on a slow machine."""

    python: str
    slowness: float


class Worker:
    """One running supervisor; it serves one frame at a time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting = b""
        self._unsent = memoryview(b"")

    @property
    def out(self) -> int:
        """The descriptor that becomes readable when the worker answers."""
        return self._channel.out

    @property
    def inp(self) -> int:
        """The descriptor that becomes writable while a frame is being sent."""
        return self._channel.inp

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
                self._unsent = self._unsent[self._channel.write(self._unsent) :]
        except BlockingIOError:
            return
        except OSError as error:
            raise self.fault(f"cannot send to it: {error}") from error

    def take(self) -> tuple[str, Any] | None:
        """Return an answer (kind, body) if one is complete, else None; raises WorkerFault."""
        try:
            while data := self._channel.read():
                self._waiting += data
            ended = True
        except BlockingIOError:
            ended = False
        except OSError as error:
            raise self.fault(f"it is gone: {error}") from error
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
            poller.register(self.out, select.POLLIN)
            if self.sending:
                poller.register(self.inp, select.POLLOUT)
            poller.poll(1000 * min(left, 1.0))
        return answer

    def fault(self, what: str) -> WorkerFault:
        """Return the fault with the end of what the worker wrote on stderr."""
        text = self._channel.said()
        return WorkerFault(f"{what}: {text}" if text else what)

    def hang_up(self) -> None:
        """Tell the worker to end, without waiting for it."""
        self._channel.hang_up()

    def kill(self) -> None:
        """End the worker and everything it runs at once."""
        self._channel.kill()

    def close(self) -> None:
        """End the worker and everything it runs: it ends by itself when its input does, else it is killed."""
        self._channel.close()


@dataclass(frozen=True, slots=True)
class Started:
    """A worker that is up, what it said, and the languages that it was told to load."""

    worker: Worker
    ready: Ready
    loaded: set[str] = field(default_factory=set)


class Start:
    """A worker that comes up in a thread, so that others can be at work, or come up, meanwhile.

    ``fd`` is readable as soon as it is up, or cannot come up.
    """

    def __init__(self, start: Callable[[], Started]) -> None:
        """Begin to call ``start``; raises SandboxFault where there can be no further thread."""
        self.fd = os.eventfd(0)
        weakref.finalize(self, os.close, self.fd).atexit = False  # not before the thread has ended
        self._future: Future[Started] = Future()
        # no daemon: a run may be given up while Python ends, and then waits for it
        self._thread = threading.Thread(target=self._run, args=(start,), name="humanevalpack-start")
        try:
            self._thread.start()
        except RuntimeError as error:
            raise SandboxFault(f"a worker cannot be started: {error}") from error

    def _run(self, start: Callable[[], Started]) -> None:
        try:
            self._future.set_result(start())
        except BaseException as error:
            self._future.set_exception(error)
        os.eventfd_write(self.fd, 1)

    def result(self) -> Started:
        """Wait for the worker and return it; raises what kept it from coming up. No worker is left if it raises."""
        try:
            self._thread.join()
            return self._future.result()
        except BaseException:
            self.end_when_up()
            raise

    def end_when_up(self) -> None:
        """End the worker as soon as it is up, without waiting for it."""
        self._future.add_done_callback(_end)

    def wait(self) -> None:
        """Wait until it is up or has failed, and ended if it was to end."""
        self._thread.join()


def _end(future: Future[Started]) -> None:
    if future.exception() is None:
        future.result().worker.close()


def started(argv: Sequence[str], env: dict[str, str], what: str) -> Started:
    """Start a worker process and wait until it is up; raises SandboxFault that begins with ``what``."""
    try:
        channel = ProcessChannel(argv, env)
    except OSError as error:
        raise SandboxFault(f"{what}: {argv[0]}: {error}") from error
    return up(channel, what)


def up(channel: Channel, what: str) -> Started:
    """Wait until the worker at the other end is up; raises SandboxFault that begins with ``what``."""
    worker = Worker(channel)
    try:
        return Started(worker, worker.ready())
    except BaseException as error:
        worker.close()
        if isinstance(error, WorkerFault):
            raise SandboxFault(f"{what}: {error}") from error
        raise

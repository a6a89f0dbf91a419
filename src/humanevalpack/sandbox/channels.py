"""How a worker is reached, wherever it lives: two descriptors to wait for, bytes in both directions, what it said."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Protocol

_PIPE_SIZE = 1 << 20


class Channel(Protocol):
    """The two ends of a worker; nothing here waits but ``close``."""

    inp: int
    """The descriptor that becomes writable while something is being sent."""
    out: int
    """The descriptor that becomes readable when the worker answers."""

    def write(self, data: memoryview) -> int:
        """Send what can be taken now and return how many bytes; raises BlockingIOError for none, OSError if gone."""

    def read(self) -> bytes:
        """Return what is there, b"" at the end; raises BlockingIOError for nothing yet, OSError if gone."""

    def said(self) -> str:
        """Return the end of what the worker wrote on stderr."""

    def hang_up(self) -> None:
        """Tell the worker to end, without waiting for it."""

    def kill(self) -> None:
        """End the worker and everything it runs at once; it may be gone already."""

    def close(self) -> None:
        """Let the worker end, which it does when its input ends, and kill it if it does not."""


def _starter() -> ThreadPoolExecutor:
    """Return the thread that starts every worker of this process (a fork lacks its parent's threads).

    bubblewrap ends its sandbox with the thread that started it, and a caller's thread may end before its programs do.
    """
    number = os.getpid()
    # one step: several threads may be the first to ask
    return _STARTERS.setdefault(number, ThreadPoolExecutor(1, thread_name_prefix=f"humanevalpack-starter-{number}"))


_STARTERS: dict[int, ThreadPoolExecutor] = {}
"""Process id to its thread; one that nobody starts anything with is none."""


class ProcessChannel:
    """A worker that is a process of this machine, at the other end of two pipes."""

    def __init__(self, argv: Sequence[str], env: dict[str, str]) -> None:
        """Start the process; raises OSError."""
        # stderr goes to a file and not to a pipe: nobody has to empty it, and it can be shown after a fault
        self._log = os.memfd_create("humanevalpack-worker")
        try:
            start = partial(subprocess.Popen, argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._process = _starter().submit(start, stderr=self._log, start_new_session=True).result()
        except OSError:
            os.close(self._log)
            raise
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.inp = self._process.stdin.fileno()
        self.out = self._process.stdout.fileno()
        for end in (self.inp, self.out):
            os.set_blocking(end, False)
            fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)

    def write(self, data: memoryview) -> int:
        """See Channel."""
        return os.write(self.inp, data[: 1 << 20])

    def read(self) -> bytes:
        """See Channel."""
        return os.read(self.out, 1 << 20)

    def said(self) -> str:
        """See Channel."""
        size = os.lseek(self._log, 0, os.SEEK_END)
        return os.pread(self._log, 2000, max(0, size - 2000)).decode("utf-8", "replace").strip()

    def hang_up(self) -> None:
        """See Channel."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """See Channel."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """See Channel."""
        self.hang_up()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        os.close(self._log)

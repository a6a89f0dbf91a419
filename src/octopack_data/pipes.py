"""What a child process prints, read with a limit on its silence; and its end, even where a disk does not answer."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

_CHUNK = 1 << 16
_LOOK = 0.25
"""Seconds between two looks at whether the run ends."""
_END = 5.0
"""Seconds that a killed process may take: one that waits for a dead disk ends when the disk does."""


class SilentChildError(Exception):
    """A child has printed nothing for as long as it may."""


@contextmanager
def started(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a child in a session of its own; at the end of the block it and what it started are ended."""
    child = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield child
    finally:
        end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill a child of :func:`started` that still runs, and close its streams."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            with suppress(BrokenPipeError):  # questions that it has not read
                stream.close()
    with suppress(subprocess.TimeoutExpired):
        child.wait(_END)


class Pipe:
    """Reads a child's output; ``patience``: seconds of silence; ``stop``: ends the wait at once.

    Raises SilentChildError; with ``stop`` set it reads as if the child had ended.
    """

    def __init__(self, stream: IO[bytes], patience: float, stop: threading.Event | None = None) -> None:
        self._stream, self._patience, self._stop = stream, patience, stop
        self._poll = select.poll()
        self._poll.register(stream, select.POLLIN)
        self._buffer, self._at = b"", 0

    def some(self) -> bytes:
        """Return what is there, at least one byte, or b"" at the end."""
        rest, self._buffer, self._at = self._buffer[self._at :], b"", 0
        return rest or self._next()

    def line(self) -> bytes:
        """Return one line with its newline; without one it is the last."""
        while (found := self._buffer.find(b"\n", self._at)) < 0 and (more := self._next()):
            self._buffer, self._at = self._buffer[self._at :] + more, 0
        start, self._at = self._at, found + 1 or len(self._buffer)
        return self._buffer[start : self._at]

    def exactly(self, count: int) -> bytes:
        """Return so many bytes; fewer at the end."""
        pieces = [self._buffer[self._at : self._at + count]]
        self._at += len(pieces[0])
        missing = count - len(pieces[0])
        while missing and (more := self._next()):
            pieces.append(more[:missing])
            missing -= len(pieces[-1])
            self._buffer, self._at = more, len(pieces[-1])
        return b"".join(pieces)

    def _next(self) -> bytes:
        until = time.monotonic() + self._patience
        while not self._poll.poll(1000 * min(_LOOK, self._patience)):
            if self._stop is not None and self._stop.is_set():
                return b""
            if time.monotonic() > until:
                raise SilentChildError
        return os.read(self._stream.fileno(), _CHUNK)

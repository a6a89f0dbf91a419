"""A language's server as a keeper sees it, and how it is asked.

A server is a trusted process that stays warm beside the long-lived one (see servers.py) and does a part of every build.
A keeper asks it through two pipes that no program inherits. Whatever goes wrong there decides nothing: the program is
built in the plain way.
"""

from __future__ import annotations

import os
import select
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass

from .cage import usage
from .launch import Command
from .limits import MIB, Job, Limits
from .watch import PERIOD, Outcome

ASKED, ANSWERED, BROKE = b"a", b"d", b"x"
"""What a keeper notes for the long-lived process."""
_LARGEST = 64 * MIB


@dataclass(frozen=True)
class Built:
    """What became of a build: its end, and the files that it made, by their names in the box."""

    outcome: Outcome
    files: dict[str, bytes]


class Served(ABC):
    """What a language with a server knows of it."""

    @abstractmethod
    def command(self, warm: str) -> Command:
        """Return the command of the server that works with this warm folder.

        It finds requests at descriptor 3 and answers at 4, each behind its length (four bytes, the highest first).
        """

    @abstractmethod
    def build(self, job: Job, server: Server) -> Built | None:
        """Ask ``server`` to build a program; None where the plain way has to."""


@dataclass(frozen=True)
class Reply:
    """What a server answered; ``wall`` and ``cpu`` in seconds are what it spent on it."""

    data: bytes
    wall: float
    cpu: float


@dataclass(frozen=True)
class Server:
    """A server as a keeper sees it: descriptors of its pipes, of its /proc/ID/stat, and of the notes.

    ``fresh``: it waits for the name of the warm folder, which its first keeper knows.
    """

    process: int
    requests: int
    replies: int
    stat: int
    notes: int
    fresh: bool = True

    def ask(self, request: bytes, warm: str, limits: Limits) -> Reply | None:
        """Return the answer, or None if the server broke or went beyond ``limits``; ``warm`` names the warm folder."""
        os.write(self.notes, ASKED)
        start = f"{warm}\n".encode() if self.fresh else b""
        try:
            reply = self._exchange(start + len(request).to_bytes(4, "big") + request, limits)
        except OSError:  # among them a closed pipe, a process that is no more, and a limit
            os.write(self.notes, BROKE)
            return None
        os.write(self.notes, ANSWERED)
        return reply

    def _exchange(self, message: bytes, limits: Limits) -> Reply:
        began, (before, _, _) = time.monotonic(), self._usage()
        unsent, answer, size = memoryview(message), bytearray(), 4
        for end in (self.requests, self.replies):
            os.set_blocking(end, False)
        poller = select.poll()
        poller.register(self.requests, select.POLLOUT)
        poller.register(self.replies, select.POLLIN)
        looked = began
        while len(answer) < size:
            for ready, _ in poller.poll(PERIOD * 1000):
                if ready == self.requests:
                    unsent = unsent[os.write(self.requests, unsent[:65536]) :]
                    if not unsent:
                        poller.unregister(self.requests)
                else:
                    answer += _received(self.replies)
                    size = 4 + int.from_bytes(answer[:4], "big") if len(answer) >= 4 else 4
            now = time.monotonic()
            if now - looked >= PERIOD:
                looked = now
                cpu, memory, _ = self._usage()
                late = cpu - before > limits.cpu or now - began > limits.wall
                if late or memory > limits.memory or size > _LARGEST:
                    raise OSError("beyond the limits")
        if unsent or len(answer) != size:
            raise OSError("not the answer to this request")
        return Reply(bytes(answer[4:]), time.monotonic() - began, self._usage()[0] - before)

    def _usage(self) -> tuple[float, int, int]:
        stat = os.pread(self.stat, 4096, 0)
        return usage(stat[stat.rindex(b")") + 2 :].decode("ascii").split())


def _received(end: int) -> bytes:
    data = os.read(end, 1 << 20)
    if not data:
        raise OSError("the server ended")
    return data

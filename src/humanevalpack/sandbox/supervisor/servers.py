"""The servers of the long-lived process: one a language, started when its first program comes, replaced on any doubt.

A server never runs what it is asked about, has a user and, where there are namespaces, a namespace of its own, and no
capabilities. Requests and answers pass by the long-lived process: it only hears, through notes of single bytes, whether
a keeper was answered.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn

from . import kernel
from .cage import Cage, enter_namespaces, own_user
from .launch import become
from .limits import MIB, Limits
from .server import ANSWERED, ASKED, BROKE, Served, Server

MOST = 2000
"""Answers after which a server is replaced."""
LONGEST_PAUSE = 64
"""Programs that are built in the plain way, at most, before a server that keeps failing is started again."""
_LIFE = Limits(cpu=10**7, wall=10**7, memory=0, file_size=MIB)


class Servers:
    """The servers of the long-lived process: one a language, started when its first program comes."""

    def __init__(self, namespaces: bool, warm: str, served: Mapping[str, Served]) -> None:
        """``warm`` is the folder of all warm folders, ``served`` the languages that have a server."""
        self._namespaces, self._warm = namespaces, warm
        # where all share one user and no namespace hides it, a program could reach it: then there is none
        self._served = served if namespaces or own_user() is not None else {}
        self.notes, self._noting = os.pipe()
        os.set_blocking(self.notes, False)
        self._servers: dict[str, Server] = {}
        self._answered: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self._pause: dict[str, int] = {}
        self._offered = ""
        self._busy = False

    def offer(self, language: str) -> Server | None:
        """Return the server that the next keeper, of a program in ``language``, may ask; None for none."""
        self._offered = language
        if language not in self._served:
            return None
        if self._pause.get(language, 0) > 0:
            self._pause[language] -= 1
            return None
        if language not in self._servers:
            self._servers[language] = self._start(language)
            self._answered[language] = 0
        return self._servers[language]

    def heed(self) -> None:
        """Read what the keeper has noted; a server that broke is ended at once."""
        try:
            noted = os.read(self.notes, 4096)
        except BlockingIOError:
            return
        for note in (noted[place : place + 1] for place in range(len(noted))):
            self._busy = note == ASKED
            if note == ANSWERED:
                self._failures[self._offered] = 0
                self._answered[self._offered] += 1
                self._servers[self._offered] = replace(self._servers[self._offered], fresh=False)
            elif note == BROKE:
                self._failed(self._offered)

    def settle(self) -> None:
        """After a keeper's end: no server is left that is still at work for it, or old."""
        self.heed()
        if self._busy:
            self._failed(self._offered)
        elif self._answered.get(self._offered, 0) >= MOST:
            self._stop(self._offered)

    def _failed(self, language: str) -> None:
        """End a server; after several that never answered, programs go the plain way for a while."""
        self._busy = False
        self._stop(language)
        failures = self._failures[language] = self._failures.get(language, 0) + 1
        self._pause[language] = min(2 ** (failures - 1), LONGEST_PAUSE) - 1

    def close(self) -> None:
        """End every server, and close the notes."""
        for language in list(self._servers):
            self._stop(language)
        os.close(self.notes)
        os.close(self._noting)

    def _stop(self, language: str) -> None:
        server = self._servers.pop(language, None)
        if server is None:
            return
        self._answered[language] = 0
        os.kill(server.process, signal.SIGKILL)
        os.waitpid(server.process, 0)
        for end in (server.requests, server.replies, server.stat):
            os.close(end)

    def _start(self, language: str) -> Server:
        user = own_user()
        if user is not None:
            os.seteuid(user)  # it opens /proc/self/fd/N, and so must own the pipes
        request_read, request_write = os.pipe()
        reply_read, reply_write = os.pipe()
        if user is not None:
            os.seteuid(0)
        process = kernel.fork_apart() if self._namespaces else os.fork()
        if process == 0:
            os.close(request_write)
            _serve(self._served[language], user, self._namespaces, self._warm, (request_read, reply_write))
        os.close(request_read)
        os.close(reply_write)
        stat = os.open(f"/proc/{process}/stat", os.O_RDONLY)
        return Server(process, request_write, reply_read, stat, self._noting)


def _serve(served: Served, user: int | None, namespaces: bool, warm: str, ends: tuple[int, int]) -> NoReturn:
    """Wait for the first keeper to name the warm folder, then become the server; never returns."""
    try:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if namespaces:
            enter_namespaces()
        name = b""
        while byte := os.read(ends[0], 1).strip():
            name += byte
        if not name:
            os._exit(0)
        cage = Cage("/", user, namespaces, counts_own_processes=user is not None)
        null = os.open("/dev/null", os.O_RDWR)
        become(served.command(os.path.join(warm, name.decode())), cage, _LIFE, (null, *ends, os.dup(2)))
    except BaseException as error:
        sys.stderr.write(f"supervisor: a server does not start: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(1)

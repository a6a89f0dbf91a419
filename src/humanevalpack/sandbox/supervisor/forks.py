"""A process that has loaded what programs of one language start from, and forks them; it never holds a program's text.

Where programs live in plain cages, one keeper serves them all (``resident``) and knows every text; the programs are no
forks of it, but of this process. It is told of each by descriptors alone: what they lead to is read in the fork.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import astuple
from typing import NoReturn

from . import kernel
from .cage import Cage
from .frames import write_all
from .languages.base import Language, Places
from .launch import Command, become
from .limits import Limits
from .system_calls import refuse_calls

_READY = b"ready"
_START, _LOOK, _WAIT = b"start", b"look", b"wait"
_NUMBER = struct.Struct("<q")
_ENDED = struct.Struct("<qqdq")
_LARGEST_ANSWER = 1 << 20

Ends = tuple[int, int, int, int]
"""The program's ends of its output, token, proof and error pipes."""


class ForkServer:
    """The process as the keeper sees it; it ends with the keeper."""

    def __init__(self, language: Language, places: Places) -> None:
        """Start it, without a text in its memory as long as the caller has none. Raises OSError if it cannot load."""
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.number = os.fork()
        if self.number == 0:
            _serve(its, language, places)
        its.close()
        told = self._socket.recv(4096)
        if told != _READY:
            os.waitpid(self.number, 0)
            raise OSError(told.decode("utf-8", "replace") or "the process that loads ended")

    def start(self, command: Command, cage: Cage, limits: Limits, ends: Ends) -> int:
        """Have ``command`` started in ``cage``; return its process id. It is a zombie at its end until ``reap``."""
        how = (command.argv, command.env, command.sealed, command.given)
        where = (cage.box, cage.user, cage.counts_own_processes, astuple(limits))
        told = os.memfd_create("program")
        try:
            write_all(told, marshal.dumps(how + where))
            socket.send_fds(self._socket, [_START], [told, *ends])
        finally:
            os.close(told)
        (number,) = _NUMBER.unpack(self._answer())
        return int(number)

    def reap(self, *, wait: bool) -> Iterator[tuple[int, int, float, int]]:
        """Yield (process id, wait status, CPU seconds, peak memory in KiB) of processes of programs that have ended.

        ``wait``: of all that there are, which have to end.
        """
        self._socket.send(_WAIT if wait else _LOOK)
        return _ENDED.iter_unpack(self._answer())

    def _answer(self) -> bytes:
        answer = self._socket.recv(_LARGEST_ANSWER)
        if not answer:
            raise OSError("the process that forks programs has ended")
        return answer[1:]


def _serve(its: socket.socket, language: Language, places: Places) -> NoReturn:
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        own = its.fileno()
        os.closerange(3, own)
        os.closerange(own + 1, 65536)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            language.load(places)
        except OSError as error:
            its.send(str(error).encode("utf-8", "replace")[:4000])
            os._exit(0)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        refuse_calls(False)
        language.settle()
        gc.collect()
        gc.freeze()  # a program's collections leave these objects alone, and their pages stay shared
        kernel.gather_pages()
        its.send(_READY)
        _obey(its, language)
        os._exit(0)
    except BaseException as error:
        sys.stderr.write(f"supervisor: {language.name}: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(1)


def _obey(its: socket.socket, language: Language) -> None:
    while True:
        order, fds, _, _ = socket.recv_fds(its, 16, 5)
        if not order:
            return
        if order == _START:
            child = kernel.fork_alone()
            if child == 0:
                _become(language, *fds)
            for fd in fds:
                os.close(fd)
            its.send(b"=" + _NUMBER.pack(child))
        else:
            its.send(b"=" + b"".join(_reaped(os.WNOHANG if order == _LOOK else 0)))


def _reaped(how: int) -> Iterator[bytes]:
    while True:
        try:
            number, status, usage = os.wait4(-1, how)
        except ChildProcessError:
            return
        if number == 0:
            return
        yield _ENDED.pack(number, status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def _become(language: Language, told: int, output: int, token: int, proof: int, error: int) -> NoReturn:
    try:
        argv, env, sealed, given, box, user, counts, limits = marshal.loads(_content(told))
        command = Command(argv, env, sealed=sealed) if given is None else language.forked(given)
        cage = Cage(box, user, namespaces=False, counts_own_processes=counts)
        become(command, cage, Limits(*limits), (output, token, proof, error), filtered=not sealed)
    except BaseException as fault:
        os.write(error, f"{type(fault).__name__}: {fault}".encode("utf-8", "replace")[:4000])
    finally:
        os._exit(127)


def _content(file: int) -> bytes:
    data = b""
    while part := os.pread(file, 1 << 20, len(data)):
        data += part
    return data

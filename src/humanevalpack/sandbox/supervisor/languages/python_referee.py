"""The process that executes the tests of Python programs, and asks the candidates' processes for what they answer.

A test's names are resolved here as far as they are Python's own, those of the import block, or the test's; every other
name is the candidate's, and a call of it is a question. The test therefore compares values that were rebuilt in this
process from plain content: no object of the candidate's is ever asked whether it is equal to one of the test's, nothing
that the candidate replaces (builtins, modules, the test itself, the way out of the process) is used here, and the token
that proves the end of the test is in this process only.

Tests are executed one after the other by one process, which is replaced as soon as anything about a test was unusual:
what a candidate's answers do to it, by their size or their depth, is the end of their own test and of no other.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
from contextlib import suppress
from typing import NoReturn

from .. import kernel
from ..cage import own_user
from ..launch import die_first
from ..system_calls import refuse_calls
from .python_candidate import execute
from .python_test import entry_point
from .python_witness import Broken, Names, Witness

_LONGEST = 20
"""CPU seconds of the longest test, without the candidate's part."""
_ROOM = 1 << 30
"""Bytes of memory that a test may take beyond what its process begins with."""
_UNUSUAL = 64 * 1024
"""KiB that the process may have grown by in a test and go on."""
_OVER, _DONE = b"over", b"done"
_PATIENCE = 100
"""Milliseconds in which a test whose candidate has ended has to end, too."""


def start() -> socket.socket:
    """Fork the process; return the socket on which it takes tests. It ends with the caller."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    caller = os.getpid()
    if os.fork() == 0:
        try:
            _confine(its, caller)
            _obey(its)
        finally:
            os._exit(1)
    its.close()
    return ours


def hand_over(tests: socket.socket, test: int, token: bytes, requests: int, answers: int, proof: int) -> None:
    """Give the process a test (a descriptor to read it from), a candidate (two pipes), and what proves the end."""
    socket.send_fds(tests, [token], [test, requests, answers, proof])


def end(tests: socket.socket) -> None:
    """End the test that was handed over last; raises OSError if the process that forks tests is gone."""
    tests.send(_OVER)


def _obey(its: socket.socket) -> None:
    executor = _Executor()
    while True:
        token, fds, _, _ = socket.recv_fds(its, 64, 4)
        if not token:
            return
        if not executor.is_free():
            executor.end()
            executor = _Executor()
        if token != _OVER:
            executor.take(token, fds)
            for fd in fds:
                os.close(fd)


class _Executor:
    """The process that executes tests."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._busy = False
        self._number = kernel.fork_alone()
        if self._number == 0:
            self._socket.close()
            _execute_tests(its)
        its.close()

    def take(self, token: bytes, fds: list[int]) -> None:
        self._busy = True
        with suppress(BrokenPipeError):  # it has just been killed: the candidate finds nobody
            socket.send_fds(self._socket, [token], fds)

    def is_free(self) -> bool:
        """Wait a moment for the end of the test that it has; False if it did not end as it should."""
        if self._busy:
            poller = select.poll()
            poller.register(self._socket, select.POLLIN)
            self._busy = not poller.poll(_PATIENCE) or self._socket.recv(16) != _DONE
        return not self._busy

    def end(self) -> None:
        os.kill(self._number, signal.SIGKILL)
        os.waitpid(self._number, 0)
        self._socket.close()


def _confine(its: socket.socket, caller: int) -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    die_first()
    null = os.open("/dev/null", os.O_RDWR)
    for target in (0, 1, 2):
        os.dup2(null, target)
    own = its.fileno()
    os.closerange(3, own)
    os.closerange(own + 1, 65536)
    user = own_user()
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # forgotten with the change of user
    kernel.drop_capabilities()
    refuse_calls(False)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    if os.getppid() != caller:
        os._exit(1)
    kernel.gather_pages()


def _execute_tests(its: socket.socket) -> NoReturn:
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        with open("/proc/self/statm", "rb") as file:
            begins = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (begins + _ROOM, begins + _ROOM))
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        while True:
            token, fds, _, _ = socket.recv_fds(its, 64, 4)
            signal.setitimer(signal.ITIMER_PROF, _LONGEST)
            usual = bool(token) and _hold_test(token, *fds)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if not usual or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > size + _UNUSUAL:
                break
            its.send(_DONE)
    finally:
        os._exit(0)


def _hold_test(token: bytes, test: int, requests: int, answers: int, proof: int) -> bool:
    """Execute one test and prove its end, or say what failed (in words that ``Python.judge`` reads).

    Returns whether the candidate has only answered what a candidate may.
    """
    witness = Witness(requests, answers)
    try:
        with open(test, "rb") as source:
            text = source.read().decode("utf-8", "surrogatepass")
        try:
            ended = witness.first() or execute(text, Names(witness, entry_point(text)))
        except Broken:
            ended = None
        except Exception:  # an answer of another form
            witness.talks_nonsense, ended = True, None
        if not witness.gone:
            if witness.talks_nonsense:
                ended = "incomplete", "the candidate's process answered something that is no value"
            status, reason = ended or ("", "")
            os.write(proof, f"{status}\n{reason[:300]}".encode("utf-8", "backslashreplace") if status else token)
            witness.end(reason)
    except (OSError, Broken):
        pass  # the candidate's process is gone: its keeper sees how
    finally:
        for fd in (requests, answers, proof):
            os.close(fd)
    return not witness.talks_nonsense

"""The process that executes the tests of Python programs, and asks the candidates' processes for what they answer.

A test's names are resolved here as far as they are Python's own, those of the import block, or the test's; every other
name is the candidate's, and a call of it is a question. The test therefore compares values that were rebuilt in this
process from plain content: no object of the candidate's is ever asked whether it is equal to one of the test's, nothing
that the candidate replaces (builtins, modules, the test itself, the way out of the process) is used here, and the token
that proves the end of the test is in this process only.

Each test has a process of its own, a fork of one that stays with the worker: what a candidate's answers do to it, by
their size or their depth, is the end of their own test and of no other.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
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
_OVER = b"over"


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
    test = 0
    while True:
        token, fds, _, _ = socket.recv_fds(its, 64, 4)
        if test:  # a worker has one program at a time
            os.kill(test, signal.SIGKILL)
            os.waitpid(test, 0)
            test = 0
        if not token:
            return
        if token != _OVER:
            test = kernel.fork_alone()
            if test == 0:
                its.close()
                _hold_test(token, *fds)
            for fd in fds:
                os.close(fd)


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


def _hold_test(token: bytes, test: int, requests: int, answers: int, proof: int) -> NoReturn:
    """Execute one test and prove its end, or say what failed (in words that ``Python.judge`` reads)."""
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CPU, (_LONGEST, _LONGEST + 1))
        with open("/proc/self/statm", "rb") as file:
            begins = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (begins + _ROOM, begins + _ROOM))
        with open(test, "rb") as source:
            text = source.read().decode("utf-8", "surrogatepass")
        witness = Witness(requests, answers)
        try:
            ended = witness.first() or execute(text, Names(witness, entry_point(text)))
        except Broken:
            ended = None
        except Exception:  # an answer of another form
            witness.talks_nonsense, ended = True, None
        if witness.gone:
            os._exit(0)
        if witness.talks_nonsense:
            ended = "incomplete", "the candidate's process answered something that is no value"
        status, reason = ended or ("", "")
        os.write(proof, f"{status}\n{reason[:300]}".encode("utf-8", "backslashreplace") if status else token)
        witness.end(reason)
    except (OSError, Broken):
        pass  # the candidate's process is gone: its keeper sees how
    finally:
        os._exit(0)

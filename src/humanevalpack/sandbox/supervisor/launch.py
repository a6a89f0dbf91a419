"""Turns a forked process into the program: descriptors, limits, user, capabilities, then its command."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import kernel
from .cage import Cage
from .limits import Limits
from .system_calls import refuse_calls

TOKEN_FD, PROOF_FD = 3, 4
"""Where a program finds its token, and where it has to write it after the end of the test. A candidate whose test is
kept apart has pipes to that test there: where it is asked, and where it answers."""


class LaunchFailed(Exception):
    """The command could not be started: our fault, not the program's."""


@dataclass(frozen=True)
class Command:
    """What to start: ``argv`` (absolute path first) or, in the forked process itself, ``call``.

    ``sealed``: the binary of a compiled language, whose code stays as it was loaded (see system_calls).
    ``before`` is what comes before the call and is still ours: what it raises is told as LaunchFailed.
    ``given``, in plain types, is what the call is made from where it is made: see Language.forked.
    ``test`` hands the other side of a candidate whose test is kept apart to the process that executes the test: the
    token, and the descriptors for its requests, for the candidate's answers and for the proof. They are closed then.
    ``test_over`` ends that test, after the program.
    ``secret`` follows the token, for a part of ours that reads both before the program starts.
    """

    argv: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    call: Callable[[], None] | None = None
    given: dict[str, Any] | None = None
    sealed: bool = False
    before: Callable[[], None] | None = None
    test: Callable[[bytes, int, int, int], None] | None = None
    test_over: Callable[[], None] | None = None
    secret: bytes = b""


def become(
    command: Command, cage: Cage, limits: Limits, ends: tuple[int, int, int, int], *, filtered: bool = False
) -> None:
    """Turn the forked process into the program; never returns. What fails before that goes through the error pipe.

    ``filtered``: the process is under the filter of system calls already.
    """
    error = -1
    try:
        os.setsid()
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, PROOF_FD + 1) for end in ends]  # above every target
        output, token, proof, error = high
        null = os.open("/dev/null", os.O_RDWR)
        for source, target in ((null, 0), (output, 1), (output, 2), (token, TOKEN_FD), (proof, PROOF_FD)):
            os.dup2(source, target)
        os.closerange(PROOF_FD + 1, error)
        os.closerange(error + 1, 65536)
        os.umask(0o022)
        _set_limits(cage, limits)
        die_first()
        if cage.user is not None:
            os.setgroups([])
            os.setresgid(cage.user, cage.user, cage.user)
            os.setresuid(cage.user, cage.user, cage.user)
        os.chdir(cage.box)  # which is its user's alone
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # forgotten with every change of the user
        kernel.drop_capabilities()
        if not filtered:
            refuse_calls(command.sealed)
        if command.call is not None:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # which the keeper gave up
            kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # its own /proc/self and /dev/stdout, as after an execve
            os.environ.clear()
            os.environ.update({**environment(cage.box), **command.env})
            if command.before is not None:
                command.before()
            os.close(error)
            error = -1
            command.call()
            os._exit(0)
        # Python ignores these two; a program starts with them as a shell would start it
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        os.execve(command.argv[0], command.argv, {**environment(cage.box), **command.env})
    except BaseException as fault:
        if error >= 0:
            os.write(error, f"{command.argv[:1]}: {type(fault).__name__}: {fault}".encode("utf-8", "replace")[:4000])
    finally:
        os._exit(127)


def environment(box: str) -> dict[str, str]:
    """Return the variables that every program sees."""
    return {"PATH": "/usr/bin:/bin", "HOME": box, "TMPDIR": box, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def die_first() -> None:
    """Have the kernel end this process before any other of the machine where memory runs out."""
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else the file is root's
    file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(file, b"1000")
    os.close(file)


def _set_limits(cage: Cage, limits: Limits) -> None:
    def limit(what: int, soft: int, hard: int) -> None:
        _, most = resource.getrlimit(what)
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(what, (soft, hard))

    # each process; the watch counts the whole tree and usually comes first
    seconds = int(limits.cpu) + 2
    limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    limit(resource.RLIMIT_FSIZE, limits.file_size, limits.file_size)
    limit(resource.RLIMIT_NOFILE, limits.open_files, limits.open_files)
    limit(resource.RLIMIT_CORE, 0, 0)
    limit(resource.RLIMIT_STACK, 8 << 20, 8 << 20)
    if cage.counts_own_processes:
        limit(resource.RLIMIT_NPROC, limits.processes, limits.processes)

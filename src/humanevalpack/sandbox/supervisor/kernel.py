"""The Linux calls that Python's standard library lacks: namespaces, mounts, capabilities, process controls."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_F_SETPIPE_SZ, _PLAIN_PIPE, _PIPE_SIZE = 1031, 1 << 15, 1 << 20
_HUGE_PAGE, _MADV_COLLAPSE = 1 << 21, 25
_CAPABILITY_VERSION_3 = 0x20080522
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 4

_HEADER = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
_NOTHING = (ctypes.c_uint32 * 6)()

_libc = ctypes.CDLL(None, use_errno=True)
_holding_libc = ctypes.PyDLL(None, use_errno=True)  # keeps Python's lock, as a fork must
_holding_libc.syscall.restype = ctypes.c_long
_SYS_CLONE3 = ctypes.c_long(435)  # the same number on every architecture


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Move this process (for CLONE_NEWPID: its children) into fresh namespaces; raises OSError where refused."""
    _check(_libc.unshare(flags), "unshare")


def fork() -> int:
    """Fork as ``os.fork`` does, without what libraries have registered for a fork (pthread_atfork) where libc can.

    libuv would open descriptors of its own then, in place of those that the supervisor has put there.
    """
    if not hasattr(_holding_libc, "_Fork"):  # glibc 2.34
        return os.fork()
    ctypes.pythonapi.PyOS_BeforeFork()
    child = int(_holding_libc._Fork())
    if child == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    number = ctypes.get_errno()
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if child < 0:
        raise OSError(number, f"fork: {os.strerror(number)}")
    return child


def fork_alone() -> int:
    """Fork a process of one thread, without what Python and its modules do after a fork.

    That is about other threads, and touches more of the shared memory than many a program. Left to the caller: random
    numbers (``random.seed()``).
    """
    if not hasattr(_holding_libc, "_Fork"):
        return os.fork()
    child = int(_holding_libc._Fork())
    if child < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"fork: {os.strerror(number)}")
    return child


def fork_apart() -> int:
    """Fork as ``os.fork`` does, the child being process 1 of a fresh process namespace; raises OSError where refused.

    One call of the kernel: unshare and fork would have to come back to the own namespace between two programs, which an
    ordinary user may not (the namespace belongs to bubblewrap's outer user namespace).
    """
    arguments = (ctypes.c_uint64 * 8)(CLONE_NEWPID, 0, 0, 0, signal.SIGCHLD)
    ctypes.pythonapi.PyOS_BeforeFork()
    child = int(_holding_libc.syscall(_SYS_CLONE3, arguments, ctypes.c_long(ctypes.sizeof(arguments))))
    if child == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    number = ctypes.get_errno()
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if child < 0:
        raise OSError(number, f"clone: {os.strerror(number)}")
    return child


def gather_pages() -> None:
    """Have the kernel keep this process's memory in huge pages, where it can (Linux 6.1): a fork copies far less."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as lines:
        own = [line.split() for line in lines]
    for place, rights, _, _, file, *_ in own:
        if file != "0" or "w" not in rights:
            continue
        begin, end = (int(address, 16) for address in place.split("-"))
        for page in range(-(-begin // _HUGE_PAGE) * _HUGE_PAGE, end - _HUGE_PAGE + 1, _HUGE_PAGE):
            _libc.madvise(ctypes.c_void_p(page), ctypes.c_size_t(_HUGE_PAGE), _MADV_COLLAPSE)


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount a file system; raises OSError."""
    _check(
        _libc.mount(
            source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode() if data else None
        ),
        f"mount {kind or 'flags'} on {target}",
    )


def moved(source: int, size: int) -> int:
    """Return a pipe's reading end that holds the next ``size`` bytes of ``source``; this process never sees them."""
    reading, writing = os.pipe()
    if size > _PLAIN_PIPE:  # an ordinary user may not have many large pipes
        fcntl.fcntl(writing, _F_SETPIPE_SZ, _PIPE_SIZE)
    while size:
        done = int(_libc.splice(source, None, writing, None, ctypes.c_size_t(size), 0))
        if done <= 0:
            number = ctypes.get_errno()
            raise OSError(number, f"splice: {os.strerror(number) if done else 'the source has ended'}")
        size -= done
    os.close(writing)
    return reading


def prctl(option: int, value: int, third: int = 0) -> None:
    """Set one of this process's controls; raises OSError."""
    numbers = [ctypes.c_ulong(number) for number in (value, third, 0, 0)]
    _check(_libc.prctl(option, *numbers), f"prctl {option}")


def drop_capabilities() -> None:
    """Give up every capability of this process for good (execve cannot bring one back: no_new_privs is set too)."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    try:
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    except OSError:  # Linux before 4.3 has no ambient set, so there is nothing to clear
        pass
    _check(_libc.capset(_HEADER, _NOTHING), "capset")


def seccomp(call: int, code: bytes) -> None:
    """Filter this process's system calls by ``code`` (8 bytes an instruction); ``call`` is seccomp's own number.

    Without the mitigations of speculation that older kernels would add: they slow every program. Raises OSError.
    """
    instructions = ctypes.create_string_buffer(code, len(code))
    program = _FilterProgram(len(code) // 8, ctypes.addressof(instructions))
    flags = _SECCOMP_FILTER_FLAG_SPEC_ALLOW
    arguments = (ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER), ctypes.c_ulong(flags), ctypes.byref(program))
    _check(int(_libc.syscall(ctypes.c_long(call), *arguments)), "seccomp")


class _FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

"""The filter that keeps a program from system calls that no honest answer makes and that lead past its limits.

A namespace or mount of its own would hold memory that nobody counts, as do anonymous files, System V segments and
message queues; a socket reaches this machine (AF_VSOCK: its host); the rest looks into other processes or is a large
attack surface of the kernel. What is refused fails with an error number, as on a kernel without it; the program goes
on. Numbers: the kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import errno
import os
import struct
from functools import lru_cache

from . import kernel

_CLONE, _CLONE_NAMESPACES = "clone", 0x7E020000
"""The call whose flags are looked at, and its CLONE_NEW* bits (cgroup, ipc, net, ns, pid, user, uts)."""

_REFUSED = {
    # glibc and others fall back to clone, whose flags a filter can read
    errno.ENOSYS: "clone3 memfd_create memfd_secret io_uring_setup io_uring_enter io_uring_register mq_open shmget "
    "semget msgget userfaultfd",
    # a pair of connected sockets needs no address and stays allowed
    errno.EAFNOSUPPORT: "socket",
    errno.EPERM: "unshare setns mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree move_mount "
    "mount_setattr ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp bpf perf_event_open add_key request_key "
    "keyctl syslog name_to_handle_at open_by_handle_at quotactl quotactl_fd fanotify_init acct",
}
_CLONE_THREAD = 0x00010000
_FORKS = ("fork", "vfork")
"""Missing on younger machines than x86."""
_PROTECT, _MAP = ("mprotect", "pkey_mprotect"), "mmap"
"""The calls whose third argument, the protection of pages, is looked at where a program is sealed."""
_SAME_EVERYWHERE = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "clone3": 435,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
}
_X86_64 = {
    "mmap": 9,
    "mprotect": 10,
    "shmget": 29,
    "socket": 41,
    "clone": 56,
    "semget": 64,
    "msgget": 68,
    "ptrace": 101,
    "syslog": 103,
    "pivot_root": 155,
    "chroot": 161,
    "acct": 163,
    "mount": 165,
    "umount2": 166,
    "quotactl": 179,
    "mq_open": 240,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "unshare": 272,
    "perf_event_open": 298,
    "fanotify_init": 300,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "memfd_create": 319,
    "bpf": 321,
    "userfaultfd": 323,
    "pkey_mprotect": 329,
}
_AARCH64 = {
    "umount2": 39,
    "mount": 40,
    "pivot_root": 41,
    "chroot": 51,
    "quotactl": 60,
    "acct": 89,
    "unshare": 97,
    "syslog": 116,
    "ptrace": 117,
    "mq_open": 180,
    "msgget": 186,
    "semget": 190,
    "shmget": 194,
    "socket": 198,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "clone": 220,
    "mmap": 222,
    "mprotect": 226,
    "perf_event_open": 241,
    "fanotify_init": 262,
    "name_to_handle_at": 264,
    "open_by_handle_at": 265,
    "setns": 268,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "kcmp": 272,
    "memfd_create": 279,
    "bpf": 280,
    "userfaultfd": 282,
    "pkey_mprotect": 288,
}
_MACHINES = {"x86_64": (0xC000003E, 317, _X86_64), "aarch64": (0xC00000B7, 277, _AARCH64)}
"""AUDIT_ARCH_* of linux/audit.h, the number of seccomp(2), and those of the calls."""

# linux/bpf_common.h and linux/seccomp.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _THIRD_ARGUMENT = 0, 4, 16, 32
_PROT_WRITE, _PROT_EXEC = 2, 4
_FIRST_OF_X32 = 0x40000000


def refuse_calls(sealed: bool) -> None:
    """Put this process and all that it starts under the filter, for good; no_new_privs must be set. Raises OSError."""
    _, seccomp, _ = _machine()
    kernel.seccomp(seccomp, program_filter(sealed))


@lru_cache(maxsize=2)
def program_filter(sealed: bool = False) -> bytes:
    """Return the filter as the kernel takes it: 8 bytes an instruction (struct sock_filter).

    ``sealed`` is for the binary of a compiled language: no page that was ever writable becomes executable, so that it
    cannot rewrite the code of its test, and no process of its own is started, in which it could try an answer out.
    Raises OSError on a machine whose calls are not known here.
    """
    architecture, _, own = _machine()
    numbers = {**_SAME_EVERYWHERE, **own}
    code = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _ERROR | errno.ENOSYS),  # 32-bit calls have other numbers
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _FIRST_OF_X32, 0, 1),
        _step(_RETURN, _ERROR | errno.ENOSYS),
    ]
    for error, names in _REFUSED.items():
        for name in names.split():
            code += [_step(_EQUAL, numbers[name], 0, 1), _step(_RETURN, _ERROR | error)]
    if sealed:
        for name in _FORKS:
            if name in numbers:
                code += [_step(_EQUAL, numbers[name], 0, 1), _step(_RETURN, _ERROR | errno.EAGAIN)]
        code += [
            _step(_EQUAL, numbers[_CLONE], 0, 4),
            _step(_LOAD, _FIRST_ARGUMENT),
            _step(_ANY_BIT, _CLONE_THREAD, 1, 0),
            _step(_RETURN, _ERROR | errno.EAGAIN),
            _step(_LOAD, _NUMBER),
        ]
        for name in _PROTECT:
            code += [
                _step(_EQUAL, numbers[name], 0, 4),
                _step(_LOAD, _THIRD_ARGUMENT),
                _step(_ANY_BIT, _PROT_EXEC, 0, 1),
                _step(_RETURN, _ERROR | errno.EACCES),
                _step(_RETURN, _ALLOW),
            ]
        code += [
            _step(_EQUAL, numbers[_MAP], 0, 5),
            _step(_LOAD, _THIRD_ARGUMENT),
            _step(_ANY_BIT, _PROT_EXEC, 0, 2),
            _step(_ANY_BIT, _PROT_WRITE, 0, 1),
            _step(_RETURN, _ERROR | errno.EACCES),
            _step(_RETURN, _ALLOW),
        ]
    code += [
        _step(_EQUAL, numbers[_CLONE], 0, 3),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_ANY_BIT, _CLONE_NAMESPACES, 0, 1),
        _step(_RETURN, _ERROR | errno.EPERM),
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(code)


def _machine() -> tuple[int, int, dict[str, int]]:
    name = os.uname().machine
    if name not in _MACHINES:
        known = " and ".join(_MACHINES)
        raise OSError(f"no filter of system calls for {name!r}: programs can be run on {known} only")
    return _MACHINES[name]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)

"""Where one program lives: its directory, its user, and how everything it started is found and killed.

Two kinds. Namespaces: the processes are alone in a process namespace whose process 1 is ours, and in a mount
namespace with a tmpfs of their own; both vanish with process 1. Plain (inside Docker, and the ``process`` sandbox):
a fresh directory that is removed afterwards; processes are found by their user where the program has one of its
own, else as descendants of ours.

What belongs to a program is made, and removed again, as the program's user: inside Docker the supervisor may change
users, but not owners, and may not touch other users' files.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import kernel
from .limits import DISK, MIB

if TYPE_CHECKING:
    from .forks import ForkServer

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SHARED = ("/tmp", "/dev/shm", "/dev/mqueue")
"""Where every user may leave files in a plain cage (an image has no other such folders)."""


@dataclass(frozen=True)
class Cage:
    """``box`` is the program's working directory, ``user`` its own user id (None: it shares the supervisor's).

    ``forks`` is the process that its processes are forks of, if that is another one.
    """

    box: str
    user: int | None
    namespaces: bool
    counts_own_processes: bool
    forks: ForkServer | None = None

    @contextmanager
    def as_user(self) -> Iterator[None]:
        """Act as the program's user, and as ourselves again afterwards."""
        if self.user is None:
            yield
            return
        os.setegid(self.user)
        os.seteuid(self.user)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)
            self.end_with_parent()

    def end_with_parent(self) -> None:
        """Let this process end with the one that forked it (the kernel forgets it when a process changes its user)."""
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL if self.namespaces else signal.SIGTERM)

    def members(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (process id, fields of /proc/ID/stat from the state on) of every process of the program."""
        if self.namespaces:
            yield from ((number, fields) for number, fields in _processes() if number != 1)
        elif self.user is not None:
            yield from ((number, fields) for number, fields in _processes() if _user_of(number) == self.user)
        else:
            everyone = dict(_processes())
            root = os.getpid() if self.forks is None else self.forks.number
            family = {root}
            while grown := {n for n, fields in everyone.items() if int(fields[1]) in family} - family:
                family |= grown
            yield from ((number, everyone[number]) for number in family if number != root)

    def sockets(self) -> int:
        """Return how many sockets the program has; 0 where others may share its network namespace."""
        if not self.namespaces:
            return 0
        with open("/proc/net/unix", "rb") as lines:
            return sum(1 for _ in lines) - 1

    def kill_all(self) -> None:
        """Kill every process of the program; those that appear meanwhile too."""
        if self.namespaces:
            _kill_quietly(-1)
            return
        for _ in range(1000):
            alive = [number for number, fields in self.members() if fields[0] not in "ZX"]
            if not alive:
                return
            for number in alive:
                _kill_quietly(number)
            if self.user is not None:
                _kill_as(self.user)
            time.sleep(0.001)
        raise OSError(f"processes of the program survive being killed: {alive}")

    def sweep(self) -> None:
        """Leave nothing of the program behind in a plain cage; its processes are gone."""
        with self.as_user():
            _clear(self.box, self.user)


def usage(fields: list[str]) -> tuple[float, int, int]:
    """Return (CPU seconds with waited-for children, resident bytes, threads) from the fields of /proc/ID/stat."""
    return sum(map(int, fields[11:15])) / _TICKS, int(fields[21]) * _PAGE, int(fields[17])


def own_user() -> int | None:
    """Return a user id for one program that nobody else has, or None where this process can take no other."""
    if os.geteuid() != 0:
        return None
    with open("/proc/self/uid_map", encoding="ascii") as lines:
        first, _, count = max((tuple(map(int, line.split())) for line in lines), key=lambda row: row[2])
    if count < 65536:
        return None
    # the upper half, or where there are billions of ids: above every account and sub-id of an ordinary system
    low = first + min(count // 2, 2**30)
    return random.SystemRandom().randrange(low, min(first + count - 2, low + 2**29))


def enter_namespaces() -> Cage:
    """Make the calling process, number 1 of a fresh process namespace, the keeper of a cage."""
    user = own_user()
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    quiet = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("proc", "/proc", "proc", quiet | kernel.MS_NOEXEC)
    kernel.mount("tmpfs", "/tmp", "tmpfs", quiet, f"size={DISK},mode=1777,nr_inodes=65536")
    kernel.mount("tmpfs", "/dev/shm", "tmpfs", quiet, f"size={16 * MIB},mode=1777,nr_inodes=1024")
    cage = Cage("/tmp/box", user, namespaces=True, counts_own_processes=user is not None or _counts_by_namespace())
    with cage.as_user():
        os.mkdir(cage.box, 0o700)
    return cage


def _counts_by_namespace() -> bool:
    """Whether the kernel limits a user's processes by user namespace (Linux 5.14), not over the whole machine."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)) or 0)) >= (5, 14)


def enter_plain(box: str, forks: ForkServer | None = None) -> Cage:
    """Make a cage without namespaces: the fresh directory ``box``, and the caller as keeper."""
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    user = own_user()
    cage = Cage(box, user, namespaces=False, counts_own_processes=user is not None, forks=forks)
    cage.end_with_parent()
    with cage.as_user():
        os.mkdir(box, 0o700)
    return cage


def sweep(box: str) -> None:
    """Remove a plain cage's directory, if it is there, and all that its user has left in shared places.

    Becomes that user for good where it is another one: call it in a process that ends. The directory goes last, so
    that nothing is left where it is gone.
    """
    try:
        owner = os.lstat(box).st_uid
    except FileNotFoundError:
        return
    if owner != os.geteuid():
        os.setresgid(owner, owner, owner)
        os.setresuid(owner, owner, owner)
        _clear(box, owner)
    else:
        _clear(box, None)


def _clear(box: str, owner: int | None) -> None:
    if owner is not None:
        for folder in _SHARED:
            for path in _owned_by(owner, folder):
                if path != box:
                    _remove(path)
    _remove(box)


def _owned_by(owner: int, folder: str) -> list[str]:
    paths = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # another program's, just gone
                if entry.stat(follow_symlinks=False).st_uid == owner:
                    paths.append(entry.path)
    return paths


def _remove(path: str) -> None:
    """Remove a file, or a folder of any depth and with any permissions; without recursion, which depth would break."""
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        os.unlink(path)
        return
    os.chmod(path, 0o700)
    mark, number = secrets.token_hex(8), 0
    while names := os.listdir(path):
        for name in names:
            below = os.path.join(path, name)
            with suppress(OSError):  # unlink: what is no folder; it says EISDIR or EPERM for one
                os.unlink(below)
                continue
            os.chmod(below, 0o700)
            for inner in os.listdir(below):
                deeper = os.path.join(below, inner)
                with suppress(OSError):
                    os.unlink(deeper)
                    continue
                os.chmod(deeper, 0o700)
                number += 1
                os.rename(deeper, os.path.join(path, f"{mark}-{number}"))
            os.rmdir(below)
    os.rmdir(path)


def _processes() -> Iterator[tuple[int, list[str]]]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    stat = file.read()
            except OSError:  # it ended since the listing
                continue
            yield int(name), stat[stat.rindex(b")") + 2 :].decode("ascii").split()


def _user_of(number: int) -> int | None:
    # not the owner of /proc/ID: that is root for a process that made itself undumpable
    try:
        with open(f"/proc/{number}/status", "rb") as file:
            text = file.read()
    except OSError:
        return None
    start = text.index(b"\nUid:") + 5
    return int(text[start : text.index(b"\n", start)].split()[0])


def _kill_quietly(number: int) -> None:
    try:
        os.kill(number, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _kill_as(user: int) -> None:
    """Kill everything of ``user`` at once, as that user: no race with a fork bomb."""
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(user, user, user)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)

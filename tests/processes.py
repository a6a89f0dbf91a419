"""Processes of this machine and their open files, for tests of what is left behind."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def parents() -> dict[int, int]:
    """Every process of this machine with its parent."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(errors="replace")
            except OSError:
                continue
            found[int(folder.name)] = int(stat[stat.rindex(")") + 2 :].split()[1])
    return found


def descendants(root: int) -> set[int]:
    """The processes that ``root`` started, however deep."""
    everyone, family = parents(), {root}
    while grown := {number for number, parent in everyone.items() if parent in family} - family:
        family |= grown
    return family - {root}


def still_there(numbers: set[int]) -> set[int]:
    """Those of the processes that are there after a while."""
    deadline = time.monotonic() + 20
    while numbers & set(parents()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return numbers & set(parents())


@contextmanager
def few_open_files(more: int) -> Iterator[None]:
    """Let this process open ``more`` files beside those that it has open, and no others."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def named(mark: str, *, patience: float = 60) -> int:
    """The number of the process that has taken ``mark`` as its name; raises AssertionError where none does in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for number in parents():
            try:
                if Path(f"/proc/{number}/comm").read_text().strip() == mark:
                    return number
            except OSError:
                continue
        time.sleep(0.01)
    raise AssertionError(f"there is no process named {mark}")

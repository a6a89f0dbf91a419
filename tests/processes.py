"""Processes of this machine, for tests of what is left behind."""

import time
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

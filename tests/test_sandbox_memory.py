"""Long runs: memory does not grow with the number of programs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from humanevalpack import run_programs
from humanevalpack.programs import Program

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python"), pytest.mark.full]

MIB = 1 << 20
PROGRAMS = 20_000


def programs() -> Iterator[Program]:
    for number in range(PROGRAMS):
        filling = f"# {number}\n" + f"padding = '{number:0>4000}'\n"
        yield Program(text=f"{filling}assert {number} % 2", language="python", problem=None, profile="reference")


def resident(process: int) -> int:
    """Resident bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def supervisors() -> dict[int, int]:
    """Resident bytes of the long-lived processes below this one."""
    found, family = {}, {os.getpid()}
    everyone = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(errors="replace")
                everyone[int(folder.name)] = int(stat[stat.rindex(")") + 2 :].split()[1])
            except OSError:
                continue
    while grown := {number for number, parent in everyone.items() if parent in family} - family:
        family |= grown
    for number in family - {os.getpid()}:
        try:
            found[number] = resident(number)
        except OSError:
            continue
    return found


def test_twenty_thousand_programs_need_no_more_memory_than_some() -> None:
    early: tuple[int, dict[int, int]] | None = None
    for number, verdict in enumerate(run_programs(programs(), sandbox="local")):
        assert verdict.status == ("passed" if number % 2 else "failed"), verdict.reason
        if number == PROGRAMS // 4:
            early = resident(os.getpid()), supervisors()
        if number == PROGRAMS - 500:
            late = resident(os.getpid()), supervisors()
    assert early is not None
    assert late[0] - early[0] < 12 * MIB
    lasting = set(early[1]) & set(late[1])
    assert len(lasting) >= 2, "the workers are the same ones"
    assert all(late[1][process] - early[1][process] < 4 * MIB for process in lasting)

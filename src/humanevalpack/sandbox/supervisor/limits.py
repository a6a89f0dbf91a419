"""What a program may use, and what a job sets of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True)
class Limits:
    """Limits of one phase: ``cpu`` and ``wall`` in seconds, ``memory``, ``file_size`` and ``output`` in bytes.

    CPU time and memory count for the whole process tree. Wall time is only a backstop for programs that sleep: three
    times the CPU time and half a minute, so that a busy machine does not decide a verdict. ``output`` None: what goes
    beyond what is kept is dropped (compilers write long messages; their time is limited anyway). ``open_files`` is what
    one process may have; ``sockets`` counts for all, since what waits in them is memory of the kernel.
    """

    cpu: float
    wall: float
    memory: int
    processes: int = 256
    open_files: int = 256
    sockets: int = 512
    file_size: int = 128 * MIB
    output: int | None = 8 * MIB


DISK = 512 * MIB
"""Bytes that a program's private tmpfs holds."""


def backstop(cpu: float, patience: float) -> float:
    """Return the wall seconds for a phase of ``cpu`` CPU seconds."""
    return (3 * cpu + 30) * patience


@dataclass(frozen=True)
class Job:
    """One program to run, as the pool sends it.

    ``test_begins`` is the place in ``text`` where the problem's own test begins, if that is known. Where the test is
    kept apart, ``text`` is the candidate's part alone and ``apart`` the descriptor that the test comes from.
    ``warm`` is the name of the language's prepared folder, ``cpu`` the run's CPU seconds if the user set them,
    ``slowness`` (>= 1) stretches every CPU limit on a machine measured as slow, ``patience`` stretches the wall
    backstop (a re-run alone after a timeout).
    """

    language: str
    text: str
    profile: str
    test_begins: int | None = None
    apart: int | None = None
    warm: str = ""
    cpu: float | None = None
    slowness: float = 1.0
    patience: float = 1.0

    @classmethod
    def from_body(cls, language: str, body: dict[str, Any]) -> Job:
        """Read a frame's body."""
        return cls(language, **body)

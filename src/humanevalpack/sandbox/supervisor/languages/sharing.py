"""What a language knows of building several programs together, each of which then runs by itself.

A shared build only ever leads to programs that are run: whatever goes wrong in it (an error, a limit) sends programs to
the single path, where the verdict is found as if there were no other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..launch import Command
from ..limits import GIB, MIB, Job, Limits, backstop
from .base import Places

if TYPE_CHECKING:
    from ..workbench import Workbench

LARGEST_TEXT = 64 * 1024
"""Characters of the largest program that may share a build."""


class BuildBroke(Exception):
    """A shared build met a limit: every program of it is built by itself."""


class SharedBuild(ABC):
    """How several programs of one language are built together."""

    most: int
    """Programs in one build: beyond it a program costs the build no less, and waits longer for its verdict."""
    cpu: float = 30
    """CPU seconds of the whole build."""
    memory: int = GIB
    largest: int = 32 * MIB
    """Bytes of the largest file that is passed on: a program's neighbours must not have to carry more."""

    @abstractmethod
    def may_share(self, text: str) -> bool:
        """Whether this text, compiled beside others, means what it means alone and can neither see nor change them.

        Conservative: what it does not know, it refuses.
        """

    @abstractmethod
    def build(self, jobs: Mapping[int, Job], places: Places, bench: Workbench) -> dict[int, str]:
        """Build programs together into the file ``program``; return each one's name in it, by the keys of ``jobs``.

        Programs that are left out are built by themselves. Raises BuildBroke where none can be shared.
        """

    def limits(self, job: Job) -> Limits:
        """Return the limits of the whole build (each job has the same ``slowness`` and ``patience``)."""
        cpu = self.cpu * job.slowness
        return Limits(cpu, backstop(cpu, job.patience), self.memory, open_files=1024, output=None)

    @abstractmethod
    def run(self, name: str, alone: Command) -> Command:
        """Return the command that runs one program of the built file, and nothing of the others.

        ``alone`` is the command that runs a program which was built by itself.
        """

    def seen_alone(self, name: str, output: bytes) -> bytes:
        """Return the program's output with the names that it would have had alone."""
        return output

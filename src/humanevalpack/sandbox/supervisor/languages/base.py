"""What the supervisor knows of a language: what it needs, how a program is built and run, what its end means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..launch import Command
from ..limits import GIB, Job, Limits, backstop
from ..watch import Outcome

if TYPE_CHECKING:
    from ..server import Served
    from .sharing import SharedBuild


@dataclass(frozen=True)
class Need:
    """A file or folder that must be there: ``what`` names it for people, ``path`` is absolute.

    A path that begins with ``toolchain:`` lies in the language's own folder of things built by its install script.
    """

    what: str
    path: str


@dataclass(frozen=True)
class Places:
    """Where a language's own folders are: ``toolchain`` (built by its install script) and ``warm`` (see prepare)."""

    toolchain: str
    warm: str


class Refused(Exception):
    """A program is built, but means something else than its test says; the text says what."""


class Language(ABC):
    """One language. ``version`` is the command that prints the toolchain's version."""

    name: str
    run_cpu: float
    build_cpu: float = 60
    memory: int = GIB
    needs: tuple[Need, ...]
    version: tuple[str, ...]
    example: str
    """A right program that uses everything in ``needs``: if it does not pass, the toolchain is broken."""
    modules: tuple[str, ...] = ()
    """Python modules that the long-lived process imports, so that every program starts with them loaded."""
    built: tuple[str, ...] = ()
    """Files of the box that the run needs; all others are removed after the build: they tell what the test expects."""
    finished: str = ""
    """The ending of built files that go through ``finish``; "" for none."""
    shared: SharedBuild | None = None
    """How several programs are built together, where that is faster and safe."""
    served: Served | None = None
    """What a server that stays warm does of a build, where there is one."""
    loads: bool = False
    """Whether its programs start from a process of the language's own that ``load`` has made ready."""
    loaded: bool = False
    """Whether that process is this one, or one that this one has start programs."""
    crash_marks: tuple[bytes, ...] = ()
    """What its compiler says when it crashes or when the machine lacks something, rather than finding an error."""
    prepared_from: tuple[str, ...] = ()
    """Files whose change makes what ``prepare`` made worthless: tools and libraries; those of ours by their name."""

    def prepare(self, folder: str, places: Places) -> list[Command]:
        """Write trusted sources into ``folder`` and return the commands that turn them into its warm files there."""
        return []

    def way(self, warm: str = "") -> str:
        """Return what is to be said beside the toolchain's version of how programs are run with the folder ``warm``."""
        return ""

    def test_apart(self, text: str, test_begins: int | None) -> int | None:
        """Return where the test begins if it can be kept in a process apart from the candidate, else None.

        ``test_begins`` is where the problem's own test begins, None if the program's origin is not known.
        """
        return None

    def begin(self) -> None:
        """Get ready, once, in the long-lived process, before the language's first program and after its modules."""
        return

    def load(self, places: Places) -> None:  # noqa: B027 - only for languages that say so
        """Load into this process what programs start from; raises OSError: then they are run in the plain way."""

    def settle(self) -> None:  # noqa: B027 - only where something is to be done
        """Do once, in a process that does no more than fork programs, what each would have to do after its fork."""

    def forked(self, given: dict[str, Any]) -> Command:
        """Return the command that ``run`` returned with this ``given``, to be called in a fork of a loaded process."""
        raise NotImplementedError

    @abstractmethod
    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """Return the files to put into the box."""

    def build(self, job: Job, places: Places) -> list[Command]:
        """Return the commands that build the program, run in order in the box."""
        return []

    def finish(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return the built files that are to be run in place of those of their name; raises Refused.

        ``files`` are those of the box whose name ends with ``finished``.
        """
        return {}

    def checks(self, job: Job, places: Places) -> list[Command]:
        """Return commands that are run and have to pass, as ``run`` has, before it."""
        return []

    @abstractmethod
    def run(self, job: Job, places: Places) -> Command:
        """Return the command that runs the built program."""

    def crashed(self, outcome: Outcome) -> bool:
        """Return whether a failed build that broke no limit may owe that to the machine: it is made again, alone."""
        marks = (*self.crash_marks, b"No space left on device", b"Cannot allocate memory")
        return outcome.signal is not None or any(mark in outcome.output for mark in marks)

    def doubts(self, outcome: Outcome) -> bool:
        """Return whether a run that broke no limit may owe its end to how it was run: it is run again, alone."""
        return False

    def judge(self, job: Job, outcome: Outcome) -> tuple[str, str]:
        """Return (status, reason) of a run that broke no limit."""
        if outcome.exit_code != 0:
            return self.failure(outcome)
        if outcome.proof == outcome.token:
            return "passed", "the whole test ran and nothing failed"
        return "incomplete", "the process ended without an error before the test had run to its end"

    def failure(self, outcome: Outcome) -> tuple[str, str]:
        """Return (status, reason) of a run that ended with an error: ``failed`` for an assertion of the test."""
        if outcome.signal is not None:
            return "runtime_error", f"killed by {outcome.signal}"
        return "runtime_error", f"exit code {outcome.exit_code}"

    def build_limits(self, job: Job) -> Limits:
        """Return the limits of all build commands together; compilers' output is cut rather than punished."""
        cpu = self.build_cpu * job.slowness
        return Limits(cpu, backstop(cpu, job.patience), self.memory, open_files=1024, output=None)

    def run_limits(self, job: Job) -> Limits:
        """Return the limits of the run."""
        cpu = job.cpu if job.cpu is not None else self.run_cpu * job.slowness
        return Limits(cpu, backstop(cpu, job.patience), self.memory)


def encoded(text: str) -> bytes:
    """Return the text as a source file's bytes: UTF-8, with lone surrogates kept so that the compiler judges them."""
    return text.encode("utf-8", "surrogatepass")


def last_line_with(output: bytes, *marks: str) -> str:
    """Return the last line that holds one of ``marks``, or "" (to name a failure, never to prove a success)."""
    lines = output.decode("utf-8", "replace").splitlines()
    return next((line.strip()[:300] for line in reversed(lines) if any(mark in line for mark in marks)), "")

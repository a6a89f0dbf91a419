"""What Ray runs on a node: a workshop of its own, with the node's tools, images and free cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING

from humanevalpack.errors import SandboxFault
from humanevalpack.sandbox.choice import choose_sandbox
from humanevalpack.sandbox.journal import Journal
from humanevalpack.sandbox.stream import Run
from humanevalpack.sandbox.warm import supervisor_digest
from humanevalpack.sandbox.workshop import Workshop
from humanevalpack.version import __version__

if TYPE_CHECKING:
    from humanevalpack.programs import Program
    from humanevalpack.sandbox.verdicts import Verdict


def release() -> str:
    """Return what must be the same on every node: this package's version and the hash of the code that judges."""
    return f"{__version__} ({supervisor_digest()[:12]})"


class Branch:
    """A workshop on a node. Its methods are called from several threads; it ends with the process of the main pool."""

    def __init__(self, sandbox: str, cores: int, time_limit: float | None) -> None:
        """Nothing is done yet: what goes wrong is told by ``open``."""
        self._sandbox = sandbox
        self._cores = cores
        self._time_limit = time_limit
        self._given_up: dict[str, Event] = {}

    def open(self, wanted: str) -> None:
        """Make ready to judge as release ``wanted`` does; raises SandboxFault."""
        if release() != wanted:
            raise SandboxFault(
                f"it has humanevalpack {release()}, the main process has {wanted}. Install the same there: "
                f"pip install 'humanevalpack[ray]=={wanted.split()[0]}', or the same checkout"
            )
        self._workshop = Workshop(choose_sandbox(self._sandbox), self._cores, self._time_limit)

    def judged_by(self, language: str) -> str:
        """See Workshop."""
        return self._workshop.judged_by(language)

    def judge(
        self, programs: Sequence[Program], judged_by: Mapping[str, str], *, share_builds: bool, call: str
    ) -> list[Verdict]:
        """Return the verdicts of programs in their order; not all of them if ``give_up`` names this ``call``.

        Raises SandboxFault if a language is judged here by something else than ``judged_by`` says.
        """
        given_up = self._given_up.setdefault(call, Event())
        for language in {program.language for program in programs}:
            self._compare(language, judged_by[language])
        run = Run(programs, self._workshop, Journal(None), None, share_builds, private=False, given_up=given_up)
        try:
            return list(run.in_order())
        finally:
            del self._given_up[call]

    def give_up(self, call: str) -> None:
        """End what a call has at work, or will have: calls come in any order."""
        self._given_up.setdefault(call, Event()).set()

    def close(self) -> None:
        """End the workers that are not at work; the end of this process ends the others."""
        self._workshop.close()

    def _compare(self, language: str, wanted: str) -> None:
        if (own := self._workshop.judged_by(language)) != wanted:
            raise SandboxFault(
                f"{language} would be judged by another toolchain here ({_in_words(own)}) than on the node that was "
                f"asked first ({_in_words(wanted)}). Install the same on every node, or use sandbox='docker' with the "
                "same images (humanevalpack sandbox push, pull)"
            )


def _in_words(judged_by: str) -> str:
    version, warm, *_ = judged_by.splitlines()
    return f"{version}, {warm}"

"""The workers that runs share: started when needed, kept between programs and runs, ended together."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from humanevalpack.errors import SandboxFault, ToolchainMissing, UsageError
from humanevalpack.sandbox import containers, namespaces, process, roots
from humanevalpack.sandbox.batches import Batches
from humanevalpack.sandbox.permits import Permits
from humanevalpack.sandbox.shift import Shift
from humanevalpack.sandbox.supervisor import frames
from humanevalpack.sandbox.supervisor.batch import BATCH
from humanevalpack.sandbox.supervisor.job import program_frame
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.limits import backstop
from humanevalpack.sandbox.supervisor.stem import LOAD
from humanevalpack.sandbox.toolchains import check_toolchains, toolchain_folders
from humanevalpack.sandbox.warm import discard, prepared, supervisor_digest, warm_root
from humanevalpack.sandbox.workers import Start, Started, WorkerFault

if TYPE_CHECKING:
    from humanevalpack.programs import Program
    from humanevalpack.sandbox.schedule import Schedule

PATIENCE, PATIENCE_ALONE = 1.0, 2.0
"""How the wall backstop is stretched: beside other programs, and when a program runs again alone."""
_GRACE = 60.0
"""Seconds beyond every limit of a program after which its worker counts as stuck."""
_STARTS = {"local": namespaces.start, "process": process.start}


@dataclass(frozen=True, slots=True)
class Example:
    """A language's own right program."""

    text: str
    language: str
    profile: str = "reference"
    test_begins: int | None = None


_SEEN_TO_WORK: set[tuple[str, str, str]] = set()
"""(sandbox kind, toolchain, warm folder) of the languages whose example has passed in this process."""


class Workshop:
    """Workers of one sandbox kind, at most ``count`` at work, shared by runs in any thread; ``close`` ends them all."""

    def __init__(self, kind: str, count: int, time_limit: float | None) -> None:
        self.permits = Permits(count)
        self._kind = kind
        self._count = count
        self._time_limit = time_limit
        self._start = partial(_STARTS.get(kind, namespaces.start), toolchain_folders())
        self._idle: list[tuple[str, Started]] = []
        self._warm: dict[str, str] = {}
        self._versions: dict[str, str] = {}
        self._root: Path | None = None
        self._temporary = False
        self._admitting = threading.Lock()
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """End every worker that is not at work, and refuse those that come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, started in idle:
            started.worker.hang_up()
        for _, started in idle:
            started.worker.close()
        if self._temporary and self._root is not None:
            discard(self._root)

    def shift(self, schedule: Schedule, *, share_builds: bool) -> Shift:
        """Return what the programs of one run are given to."""
        return Shift(self, Batches(schedule, self._count, share_builds=share_builds))

    def judged_by(self, language: str) -> str:
        """Return what a language's verdicts depend on beside the program; raises ToolchainMissing, SandboxFault."""
        with self._admitting:
            if language not in self._warm:
                self._warm[language] = self._admitted(language)
        limit = "" if self._time_limit is None else f"{self._time_limit:g} s"
        return f"{self._versions[language]}\n{self._warm[language]}\n{supervisor_digest()}\n{limit}"

    def worker(self, language: str) -> Started | Start:
        """Return an idle worker for a language, or one that comes up; ``take_back`` it. Raises UsageError."""
        if self._closed:
            raise UsageError("this pool is closed: make another, or read every verdict before it ends")
        while (started := self._from_idle(self._image(language))) is not None:
            with suppress(WorkerFault):  # it died while it was idle
                if started.worker.take() is None:
                    return started
            started.worker.close()
        return Start(partial(self._started_for, language))

    def take_back(self, started: Started, language: str) -> None:
        """Keep a worker that has answered for the next program of its language."""
        with self._lock:
            self._idle.append((self._image(language), started))
            kept = 0 if self._closed else self._count
            too_many = self._idle[: len(self._idle) - kept]
            self._idle = self._idle[len(too_many) :]
        for _, oldest in too_many:
            oldest.worker.close()

    def _from_idle(self, image: str) -> Started | None:
        with self._lock:
            place = next((place for place, (its, _) in enumerate(self._idle) if its == image), None)
            return None if place is None else self._idle.pop(place)[1]

    def _image(self, language: str) -> str:
        """Return the language whose image its worker lives in, "" for one with this machine's tools: it serves all."""
        in_image = self._kind == "docker" or (self._kind == "local" and roots.root_of(language) is not None)
        return language if in_image else ""

    def _started_for(self, language: str) -> Started:
        if self._kind == "docker":
            return containers.start(language)
        root = roots.root_of(language) if self._kind == "local" else None
        return self._start(self._root) if root is None else namespaces.start_in(root, language)

    def send(self, started: Started, programs: Sequence[Program], *, alone: bool = False) -> float:
        """Send programs of one admitted language, several to be built together.

        Returns the seconds without an answer after which the worker counts as stuck.
        """
        patience = PATIENCE_ALONE if alone else PATIENCE
        return _send(started, programs, self._warm[programs[0].language], self._time_limit, patience)

    def _admitted(self, language: str) -> str:
        """Check a language's toolchain, prepare its warm files, and see a right program pass before any other runs.

        Returns the name of the warm folder.
        """
        toolchain = check_toolchains([language], sandbox=self._kind)[language]
        toolchain.require()
        self._versions[language] = toolchain.image or toolchain.version
        warm = language if self._image(language) else self._prepared(language)
        seen = (self._kind, self._versions[language], warm)
        if seen not in _SEEN_TO_WORK:
            self._see_example_pass(language, warm)
            _SEEN_TO_WORK.add(seen)
        return warm

    def _prepared(self, language: str) -> str:
        if self._root is None:
            self._root, self._temporary = warm_root()
        return prepared(language, self._root, lambda preparing: self._start(None, preparing))

    def _see_example_pass(self, language: str, warm: str) -> None:
        example = Example(LANGUAGES[language].example, language)
        worker = self.worker(language)
        started = worker if isinstance(worker, Started) else worker.result()
        try:
            longest = _send(started, [example], warm, None, PATIENCE)
            kind, body = started.worker.receive(time.monotonic() + longest)
        except WorkerFault as fault:
            started.worker.close()
            raise SandboxFault(f"the worker broke on a trivial {language} program: {fault}") from fault
        self.take_back(started, language)
        if body.get("status") != "passed":
            raise ToolchainMissing(
                f"the {language} toolchain is broken: a right program got {kind} {body.get('status')!r} "
                f"({body.get('reason')}). Its output: {body.get('output')}"
            )


def _send(
    started: Started, programs: Sequence[Program | Example], warm: str, limit: float | None, patience: float
) -> float:
    name = programs[0].language
    slowness = started.ready.slowness
    common = {"warm": warm, "cpu": limit, "slowness": slowness, "patience": patience}
    bodies = [
        {"text": program.text, "test_begins": program.test_begins, "profile": program.profile, **common}
        for program in programs
    ]
    language = LANGUAGES[name]
    if len(bodies) == 1:
        frame = program_frame(name, bodies[0])
    else:
        frame = frames.pack(BATCH, {"language": name, "jobs": bodies})
    if language.loads and name not in started.loaded:
        started.loaded.add(name)
        frame = frames.pack(LOAD, {"language": name, "warm": warm}) + frame
    started.worker.send(frame)
    build, run = language.build_cpu * slowness, limit or language.run_cpu * slowness
    return backstop(build, patience) + backstop(run, patience) + _GRACE

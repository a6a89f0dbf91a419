"""The workers of one run: started when needed, watched, replaced after a fault, ended together."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import SandboxFault, ToolchainMissing
from humanevalpack.sandbox import containers, namespaces, process, roots
from humanevalpack.sandbox.schedule import Task
from humanevalpack.sandbox.supervisor import frames
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.limits import backstop
from humanevalpack.sandbox.supervisor.stem import LOAD
from humanevalpack.sandbox.toolchains import check_toolchains, toolchain_folders
from humanevalpack.sandbox.verdicts import Verdict
from humanevalpack.sandbox.warm import discard, prepared, supervisor_digest, warm_root
from humanevalpack.sandbox.workers import Started, Worker, WorkerFault

if TYPE_CHECKING:
    from humanevalpack.programs import Program

TRIES = 3
"""How many workers a program may break before it is answered by a sandbox_error."""
PATIENCE, PATIENCE_ALONE = 1.0, 2.0
"""How the wall backstop is stretched: beside other programs, and when a program runs again alone."""
_GRACE = 60.0
"""Seconds beyond every limit of a program after which its worker counts as stuck."""
_IDLE = 2
"""How many workers are kept for every one that may work: those of images serve one language each."""
_STARTS = {"local": namespaces.start, "process": process.start}


@dataclass(slots=True)
class _Bench:
    """A worker, and the task it works on until ``deadline`` (monotonic seconds).

    ``image`` is the language whose image it lives in, "" for a worker with this machine's tools, which serves them all.
    """

    started: Started
    image: str
    task: Task | None = None
    deadline: float = 0.0


@dataclass(frozen=True, slots=True)
class Example:
    """A language's own right program."""

    text: str
    language: str
    profile: str = "reference"


_SEEN_TO_WORK: set[tuple[str, str, str]] = set()
"""(sandbox kind, toolchain, warm folder) of the languages whose example has passed in this process."""


class Workshop:
    """Workers of one sandbox kind, at most ``count``; a context manager that ends them all."""

    def __init__(self, kind: str, count: int, time_limit: float | None) -> None:
        self._kind = kind
        self._count = count
        self._time_limit = time_limit
        self._start = partial(_STARTS.get(kind, namespaces.start), toolchain_folders())
        self._benches: list[_Bench] = []
        self._warm: dict[str, str] = {}
        self._versions: dict[str, str] = {}
        self._root: Path | None = None
        self._temporary = False

    def __enter__(self) -> Workshop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for bench in self._benches:
            bench.started.worker.hang_up()
        for bench in self._benches:
            bench.started.worker.close()
        if self._temporary and self._root is not None:
            discard(self._root)

    @property
    def busy(self) -> int:
        """How many workers are at work."""
        return sum(bench.task is not None for bench in self._benches)

    @property
    def idle(self) -> bool:
        """True if a task can be given."""
        return self.busy < self._count

    def judged_by(self, language: str) -> str:
        """Return what a language's verdicts depend on beside the program; raises ToolchainMissing, SandboxFault."""
        if language not in self._warm:
            self._admit(language)
        limit = "" if self._time_limit is None else f"{self._time_limit:g} s"
        return f"{self._versions[language]}\n{self._warm[language]}\n{supervisor_digest()}\n{limit}"

    def give(self, task: Task) -> None:
        """Give a task, of a language that ``judged_by`` was asked for, to an idle worker; starts one if need be.

        Raises SandboxFault.
        """
        bench = self._free_bench(task.program.language)
        bench.task = task
        patience = PATIENCE_ALONE if task.alone else PATIENCE
        bench.deadline = time.monotonic() + self._send(bench.started, task.program, patience)

    def _free_bench(self, language: str) -> _Bench:
        image = language if self._in_image(language) else ""
        bench = next((bench for bench in self._benches if bench.task is None and bench.image == image), None)
        if bench is None:
            if len(self._benches) >= _IDLE * self._count:
                self._end_one_idle()
            bench = _Bench(self._start_for(language), image)
            self._benches.append(bench)
        return bench

    def _end_one_idle(self) -> None:
        idle = next((bench for bench in self._benches if bench.task is None), None)
        if idle is not None:
            self._benches.remove(idle)
            idle.started.worker.close()

    def _in_image(self, language: str) -> bool:
        return self._kind == "docker" or (self._kind == "local" and roots.root_of(language) is not None)

    def _start_for(self, language: str) -> Started:
        if self._kind == "docker":
            return containers.start(language)
        root = roots.root_of(language) if self._kind == "local" else None
        return self._start(self._root) if root is None else namespaces.start_in(root, language)

    def wait(self) -> Iterator[tuple[Task, Verdict | None]]:
        """Wait for something to happen; yield (task, verdict), or (task, None) for one that must run again."""
        working = [bench for bench in self._benches if bench.task is not None]
        if not working:
            return
        poller = select.poll()
        for bench in working:
            poller.register(bench.started.worker.out, select.POLLIN)
            if bench.started.worker.sending:
                poller.register(bench.started.worker.inp, select.POLLOUT)
        left = min(bench.deadline for bench in working) - time.monotonic()
        poller.poll(max(0.0, left) * 1000 + 1)
        for bench in working:
            task = bench.task
            assert task is not None
            try:
                answer = _answer(bench)
            except WorkerFault as fault:
                self._benches.remove(bench)
                bench.started.worker.close()
                yield task, _after_fault(task, str(fault))
                continue
            if answer is not None:
                bench.task = None
                yield task, _verdict(task, answer)

    def _admit(self, language: str) -> None:
        """Check a language's toolchain, prepare its warm files, and see a right program pass before any other runs."""
        toolchain = check_toolchains([language], sandbox=self._kind)[language]
        toolchain.require()
        self._versions[language] = toolchain.image or toolchain.version
        self._warm[language] = language if self._in_image(language) else self._prepared(language)
        seen = (self._kind, self._versions[language], self._warm[language])
        if seen in _SEEN_TO_WORK:
            return
        example = Example(LANGUAGES[language].example, language)
        worker = self._free_bench(language).started
        try:
            longest = self._send(worker, example, PATIENCE)
            kind, body = worker.worker.receive(time.monotonic() + longest)
        except WorkerFault as fault:
            raise SandboxFault(f"the worker broke on a trivial {language} program: {fault}") from fault
        if body.get("status") != "passed":
            raise ToolchainMissing(
                f"the {language} toolchain is broken: a right program got {kind} {body.get('status')!r} "
                f"({body.get('reason')}). Its output: {body.get('output')}"
            )
        _SEEN_TO_WORK.add(seen)

    def _prepared(self, language: str) -> str:
        if self._root is None:
            self._root, self._temporary = warm_root()
        return prepared(language, self._root, lambda preparing: self._start(None, preparing))

    def _send(self, started: Started, program: Program | Example, patience: float) -> float:
        """Send a program; return the seconds after which its worker counts as stuck."""
        slowness = started.ready.slowness
        limit = self._time_limit if not isinstance(program, Example) else None
        body = {
            "text": program.text,
            "profile": program.profile,
            "warm": self._warm[program.language],
            "cpu": limit,
            "slowness": slowness,
            "patience": patience,
        }
        language = LANGUAGES[program.language]
        frame = frames.pack(program.language, body)
        if language.loads and language.name not in started.loaded:
            started.loaded.add(language.name)
            frame = frames.pack(LOAD, {"language": language.name, "warm": body["warm"]}) + frame
        started.worker.send(frame)
        build, run = language.build_cpu * slowness, limit or language.run_cpu * slowness
        return backstop(build, patience) + backstop(run, patience) + _GRACE


def _answer(bench: _Bench) -> dict[str, Any] | None:
    """Return the worker's verdict if it is there; raises WorkerFault if it broke, is stuck or reports a fault."""
    worker: Worker = bench.started.worker
    worker.push()
    answer = worker.take()
    if answer is None:
        if time.monotonic() > bench.deadline:
            raise worker.fault("it is stuck: no answer long after every limit of the program")
        return None
    kind, body = answer
    if kind != "verdict":
        raise worker.fault(f"{kind}: {body.get('reason', body)}")
    return dict(body)


def _verdict(task: Task, answer: dict[str, Any]) -> Verdict | None:
    doubtful = answer.pop("doubtful", False)
    if doubtful and not task.alone:
        task.alone = True  # the machine may be to blame: it counts only if it happens again with nothing beside it
        return None
    return Verdict.from_dict(answer)


def _after_fault(task: Task, fault: str) -> Verdict | None:
    task.faults.append(fault)
    if len(task.faults) < TRIES:
        return None
    return Verdict("sandbox_error", f"{TRIES} fresh workers broke on this program; the last one: {fault}")

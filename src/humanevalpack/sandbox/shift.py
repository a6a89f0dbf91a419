"""The programs of one run at work: given to workers of a workshop that other runs may share, watched, answered."""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from humanevalpack.sandbox.batches import Batches
from humanevalpack.sandbox.schedule import Task
from humanevalpack.sandbox.supervisor.batch import LATER, SINGLE
from humanevalpack.sandbox.verdicts import Verdict
from humanevalpack.sandbox.workers import Start, Started, WorkerFault

if TYPE_CHECKING:
    from humanevalpack.sandbox.workshop import Workshop

_LOGGER = logging.getLogger(__name__)
TRIES = 3
"""How many workers a program may break before it is answered by a sandbox_error."""
_LOOK_UP = 500
"""Milliseconds after which a wait ends, that a run which is given up from another thread ends soon."""


@dataclass(slots=True)
class _Bench:
    """A worker and the tasks it works on, by their place in its frame; several are built together.

    ``deadline`` (monotonic seconds) is for the next answer: ``longest`` seconds after the one before.
    """

    started: Started
    language: str
    tasks: dict[int, Task]
    together: bool
    deadline: float = 0.0
    longest: float = 0.0


class Shift:
    """What one run has at work; a context manager that ends what is still at work then."""

    def __init__(self, workshop: Workshop, batches: Batches) -> None:
        self._workshop = workshop
        self._batches = batches
        self._permits = workshop.permits
        self._benches: list[_Bench] = []
        self._coming: dict[Start, Sequence[Task]] = {}
        self._held = 0
        self._refused = False

    def __enter__(self) -> Shift:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            for start in self._coming:
                start.end_when_up()
            for bench in self._benches:
                bench.started.worker.hang_up()
            for bench in self._benches:
                bench.started.worker.close()
            for start in self._coming:
                start.wait()
        finally:
            self._release(0)

    def hand_out(self) -> None:
        """Give every worker that may be at work something to do. Raises SandboxFault, ToolchainMissing, UsageError."""
        while self._claim():
            tasks = self._batches.next(self._working)
            if not tasks:
                self._release(self._working)
                return
            self._give(tasks)

    @property
    def _working(self) -> int:
        return len(self._benches) + len(self._coming)

    def _claim(self) -> bool:
        """Take the right to give tasks to one worker; False if as many are at work as may be."""
        took = self._permits.take()
        self._held += took
        self._refused = not took
        return took

    def _give(self, tasks: Sequence[Task]) -> None:
        """Give tasks, for which there was a claim, to a worker; one that runs alone waits until nobody works.

        They are of one language, which has been admitted to the workshop.
        """
        if tasks[0].alone:
            self._release(0)
            self._held = self._permits.take_all()
        worker = self._workshop.worker(tasks[0].program.language)
        if isinstance(worker, Start):
            self._coming[worker] = tasks
        else:
            self._begin(worker, tasks)

    def _begin(self, started: Started, tasks: Sequence[Task]) -> None:
        bench = _Bench(started, tasks[0].program.language, dict(enumerate(tasks)), together=len(tasks) > 1)
        self._benches.append(bench)  # first: whatever happens then, it is ended with the others
        bench.longest = self._workshop.send(started, [task.program for task in tasks], alone=tasks[0].alone)
        bench.deadline = time.monotonic() + bench.longest

    def wait(self) -> Iterator[tuple[Task, Verdict | None]]:
        """Wait for something to happen; yield (task, verdict), or (task, None) for one that must run again.

        Raises SandboxFault where a worker cannot start.
        """
        poller = select.poll()
        for start in self._coming:
            poller.register(start.fd, select.POLLIN)
        for bench in self._benches:
            poller.register(bench.started.worker.out, select.POLLIN)
            if bench.started.worker.sending:
                poller.register(bench.started.worker.inp, select.POLLOUT)
        if self._refused:
            poller.register(self._permits.fd, select.POLLIN)
        elif not self._working:
            return
        left = min((bench.deadline for bench in self._benches), default=float("inf")) - time.monotonic()
        ready = {number for number, _ in poller.poll(min(_LOOK_UP, max(0.0, left) * 1000 + 1))}
        for bench in list(self._benches):
            try:
                while bench.tasks and (answer := _answer(bench)) is not None:
                    yield from _settled(bench, *answer)
            except WorkerFault as fault:
                bench.started.worker.close()
                self._clear(bench)
                which = ", ".join(str(task.indices[0] + 1) for task in bench.tasks.values())
                _LOGGER.warning("a worker is replaced; it judged %s program %s: %s", bench.language, which, fault)
                for task in bench.tasks.values():
                    yield task, after_fault(task, str(fault), together=bench.together)
                continue
            if not bench.tasks:
                self._workshop.take_back(bench.started, bench.language)
                self._clear(bench)
        for start in [one for one in self._coming if one.fd in ready]:
            tasks = self._coming.pop(start)
            self._begin(start.result(), tasks)

    def _clear(self, bench: _Bench) -> None:
        self._benches.remove(bench)
        self._release(self._working)

    def _release(self, kept: int) -> None:
        self._permits.give_back(self._held - kept)
        self._held = kept


def _answer(bench: _Bench) -> tuple[str, Any] | None:
    """Return the worker's answer if it is there; raises WorkerFault if it broke, is stuck or reports a fault."""
    worker = bench.started.worker
    worker.push()
    answer = worker.take()
    if answer is None:
        if time.monotonic() > bench.deadline:
            raise worker.fault("it is stuck: no answer long after every limit of the program")
        return None
    kind, body = answer
    if kind not in ("verdict", SINGLE, LATER):
        raise worker.fault(f"{kind}: {body.get('reason', body)}")
    bench.deadline = time.monotonic() + bench.longest
    return kind, body


def _settled(bench: _Bench, kind: str, body: Any) -> Iterator[tuple[Task, Verdict | None]]:
    """Take the tasks that an answer is about from the bench; yield each with its verdict or None."""
    if kind == "verdict":
        task = bench.tasks.pop(body.pop("place", 0))
        yield task, _verdict(task, body)
        return
    for place in body:
        task = bench.tasks.pop(place)
        task.single = kind == SINGLE
        yield task, None


def _verdict(task: Task, answer: dict[str, Any]) -> Verdict | None:
    doubtful = answer.pop("doubtful", False)
    if doubtful and not task.alone:
        task.alone = True  # the machine may be to blame: it counts only if it happens again with nothing beside it
        return None
    return Verdict.from_dict(answer)


def after_fault(task: Task, fault: str, *, together: bool) -> Verdict | None:
    """Return the verdict of a task whose worker broke, or None: then it runs again."""
    if together:  # whose fault it was is seen when each is run by itself
        task.single = True
        return None
    task.faults.append(fault)
    if len(task.faults) < TRIES:
        return None
    return Verdict("sandbox_error", f"{TRIES} fresh workers broke on this program; the last one: {fault}")

"""The verdicts of one run, as they are asked for: in order or as they are known, with ``for`` or ``async for``."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Generic, TypeVar

from humanevalpack.sandbox.journal import Journal
from humanevalpack.sandbox.schedule import Schedule
from humanevalpack.sandbox.verdicts import Verdict

if TYPE_CHECKING:
    from humanevalpack.programs import Program
    from humanevalpack.sandbox.cluster import ClusterWorkshop
    from humanevalpack.sandbox.workshop import Workshop

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Run:
    """Programs on their way through a workshop, which ends with the run if it is ``private``."""

    programs: Iterable[Program]
    workshop: Workshop | ClusterWorkshop
    journal: Journal
    on_verdict: Callable[[int, Verdict], None] | None
    share_builds: bool
    private: bool
    given_up: Event = field(default_factory=Event)

    def in_order(self) -> Generator[Verdict]:
        """Yield the verdicts in the order of the programs."""
        schedule = Schedule(self.programs, self.on_verdict, self.journal, self.workshop.judged_by)
        with closing(self._turns(schedule)) as turns:
            for _ in turns:
                yield from schedule.due()

    def as_completed(self) -> Generator[tuple[int, Verdict]]:
        """Yield (index, verdict) as soon as it is known."""
        known: deque[tuple[int, Verdict]] = deque()

        def note(index: int, verdict: Verdict) -> None:
            known.append((index, verdict))
            if self.on_verdict is not None:
                self.on_verdict(index, verdict)

        schedule = Schedule(self.programs, note, self.journal, self.workshop.judged_by)
        with closing(self._turns(schedule)) as turns:
            for _ in turns:
                deque(schedule.due(), maxlen=0)
                while known:
                    yield known.popleft()

    def _turns(self, schedule: Schedule) -> Generator[None]:
        """Run everything; yields whenever verdicts may have become known."""
        with ExitStack() as ends:
            if self.private:
                ends.callback(self.workshop.close)
            ends.enter_context(self.journal)
            with self.workshop.shift(schedule, share_builds=self.share_builds) as shift:
                while not self.given_up.is_set():
                    yield
                    if schedule.finished:
                        return
                    shift.hand_out()
                    yield
                    for task, verdict in shift.wait():
                        schedule.settle(task, verdict)


class Stream(Iterator[Answer], Generic[Answer]):
    """What a run answers, to be read once, with ``for`` or ``async for``; programs run while it is read.

    In an ``async for`` the event loop goes on while programs run (``on_verdict`` is then called in another thread).
    ``close``, an exception, or the end of a task that reads it ends what still runs.
    """

    def __init__(self, answers: Generator[Answer], given_up: Event) -> None:
        self._answers = answers
        self._given_up = given_up

    def __next__(self) -> Answer:
        """Return the next answer, waiting for it."""
        return next(self._answers)

    async def __aiter__(self) -> AsyncIterator[Answer]:
        """Yield every answer, waiting for it in a thread."""
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, thread_name_prefix="humanevalpack-stream")
        try:
            while (answer := await loop.run_in_executor(thread, next, self._answers, None)) is not None:
                yield answer
        finally:
            self._given_up.set()
            thread.submit(self.close)  # behind a ``next`` that may still run
            thread.shutdown(wait=False)

    def give_up(self) -> None:
        """Have what still runs ended soon; another thread, which reads, may be waiting: the stream ends for it."""
        self._given_up.set()

    def close(self) -> None:
        """End what still runs."""
        self._answers.close()


class VerdictStream(Stream[Verdict]):
    """The verdicts of a run in the order of its programs; ``as_completed`` for any order."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.in_order(), run.given_up)
        self._run = run

    def as_completed(self) -> Stream[tuple[int, Verdict]]:
        """Return a stream of (index of the program, verdict), each as soon as it is known; use it instead of this."""
        return Stream(self._run.as_completed(), self._run.given_up)

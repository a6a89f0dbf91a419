"""What runs next and what is known: order, equal programs, timeouts that are run again alone."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from humanevalpack.sandbox.supervisor.job import without_running
from humanevalpack.sandbox.verdicts import Verdict

if TYPE_CHECKING:
    from humanevalpack.programs import Program
    from humanevalpack.sandbox.journal import Journal

WINDOW = 4096
"""How many programs may at least be taken before the first is answered: a slow one must not stop the others."""


@dataclass(eq=False, slots=True)
class Task:
    """One distinct program; ``indices`` are the places in the input that wait for its verdict.

    ``faults`` counts the workers that broke on it, ``alone`` is set for a re-run with the machine to itself, ``single``
    for a program that is built by itself from now on.
    """

    program: Program
    key: bytes
    indices: list[int]
    faults: list[str] = field(default_factory=list)
    alone: bool = False
    single: bool = False


class Schedule:
    """The programs of one run, from the input to the verdicts in order."""

    def __init__(
        self,
        programs: Iterable[Program],
        on_verdict: Callable[[int, Verdict], None] | None,
        journal: Journal,
        judged_by: Callable[[str], str],
    ) -> None:
        """``judged_by`` returns what of this machine a language's verdicts depend on."""
        self.window = WINDOW
        self._journal = journal
        self._judged_by = judged_by
        self._source = enumerate(programs)
        self._exhausted = False
        self._on_verdict = on_verdict
        self._taken = 0
        self._yielded = 0
        self._verdicts: dict[int, Verdict] = {}
        self._open: dict[bytes, Task] = {}
        self._again: deque[Task] = deque()
        self._alone: deque[Task] = deque()
        self._alone_runs = False

    @property
    def finished(self) -> bool:
        """True when the input is at its end and every verdict was yielded."""
        return self._exhausted and self._yielded == self._taken

    def due(self) -> Iterator[Verdict]:
        """Yield the verdicts whose turn it is."""
        while self._yielded in self._verdicts:
            verdict = self._verdicts.pop(self._yielded)
            self._yielded += 1
            yield verdict

    def next_task(self, busy: int) -> Task | None:
        """Return what an idle worker should run while ``busy`` others work, or None for nothing now."""
        if self._alone_runs:
            return None
        if self._again:
            return self._again.popleft()
        while not self._exhausted and self._taken - self._yielded < self.window:
            task = self._take()
            if task is not None:
                return task
        if self._alone and not busy:
            self._alone_runs = True
            return self._alone.popleft()
        return None

    def settle(self, task: Task, verdict: Verdict | None) -> None:
        """Record a verdict; None puts the task back (its worker broke, or it has to run alone)."""
        if task.alone:
            self._alone_runs = False
        if verdict is None:
            (self._alone if task.alone else self._again).append(task)
            return
        self._journal.put(task.key, verdict)
        del self._open[task.key]
        for index in task.indices:
            self._answer(index, verdict)

    def _take(self) -> Task | None:
        """Take the next program of the input; None if its verdict is known or on its way, or at the input's end."""
        item = next(self._source, None)
        if item is None:
            self._exhausted = True
            return None
        index, program = item
        self._taken += 1
        if (known := without_running(program.text)) is not None:
            self._answer(index, Verdict(*known))
            return None
        key = self._key(program)
        if (verdict := self._journal.get(key)) is not None:
            self._answer(index, verdict)
        elif (task := self._open.get(key)) is not None:
            task.indices.append(index)
        else:
            self._open[key] = task = Task(program, key, [index])
            return task
        return None

    def _key(self, program: Program) -> bytes:
        text = program.text.encode("utf-8", "surrogatepass")
        how = (program.language, program.profile, program.test_begins, self._judged_by(program.language))
        head = "\n".join(map(str, how)) + "\n"
        return hashlib.sha256(head.encode() + text).digest()[:16]

    def _answer(self, index: int, verdict: Verdict) -> None:
        self._verdicts[index] = verdict
        if self._on_verdict is not None:
            self._on_verdict(index, verdict)

"""Running many programs: workers on all cores, results in the order given, faults retried, equal programs run once."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from humanevalpack.errors import UsageError
from humanevalpack.sandbox import process
from humanevalpack.sandbox.batches import Batches
from humanevalpack.sandbox.choice import choose_sandbox
from humanevalpack.sandbox.journal import Journal
from humanevalpack.sandbox.schedule import Schedule
from humanevalpack.sandbox.verdicts import Verdict
from humanevalpack.sandbox.workshop import Workshop

if TYPE_CHECKING:
    from humanevalpack.programs import Program


def run_programs(
    programs: Iterable[Program],
    *,
    sandbox: str = "auto",
    workers: int | None = None,
    time_limit: float | None = None,
    confirm_unsafe: bool = False,
    journal: str | Path | None = None,
    share_builds: bool = True,
    on_verdict: Callable[[int, Verdict], None] | None = None,
) -> Iterator[Verdict]:
    """Run programs with their tests and yield their verdicts in the order given.

    ``programs`` is consumed as workers become free. ``workers`` is how many run at once (default: every core that
    this process may use), ``time_limit`` replaces the CPU seconds of a run, ``on_verdict(index, verdict)`` is called
    as soon as a verdict is known, in any order. ``journal`` is a file that keeps the verdicts: the same call after a
    kill runs only what is missing in it (a changed toolchain, profile or limit makes a program run again).
    ``share_builds=False`` builds every program by itself: it changes what a program costs, not its verdict.
    ``sandbox="process"`` needs ``confirm_unsafe=True``. Closing the iterator, or an exception, ends every worker and
    what it runs.

    Raises UsageError for a wrong argument, SandboxFault where the sandbox cannot work, and, when the first program of
    a language comes, ToolchainMissing if it cannot be judged here.
    """
    count = _worker_count(workers)
    limit = _checked_limit(time_limit)
    if sandbox == "process":
        process.confirm(confirm_unsafe)
        process.warn()
    kind = choose_sandbox(sandbox)
    kept, workshop = Journal(journal), Workshop(kind, count, limit)
    schedule = Schedule(programs, on_verdict, kept, workshop.judged_by)
    return _results(schedule, Batches(schedule, count, share_builds=share_builds), workshop, kept)


def _results(schedule: Schedule, batches: Batches, workshop: Workshop, journal: Journal) -> Iterator[Verdict]:
    with journal, workshop:
        while True:
            yield from schedule.due()
            if schedule.finished:
                return
            while workshop.idle and (tasks := batches.next(workshop.busy)):
                workshop.give(tasks)
            yield from schedule.due()
            for task, verdict in workshop.wait():
                schedule.settle(task, verdict)


def _worker_count(workers: int | None) -> int:
    if workers is None:
        return len(os.sched_getaffinity(0))
    if type(workers) is not int or workers < 1:
        raise UsageError(f"workers is {workers!r}; it must be a whole number of at least 1, or None for all cores")
    return workers


def _checked_limit(time_limit: float | None) -> float | None:
    if time_limit is None:
        return None
    if type(time_limit) not in (int, float) or not math.isfinite(time_limit) or time_limit <= 0:
        raise UsageError(f"time_limit is {time_limit!r}; it must be a number of CPU seconds above 0, or None")
    return float(time_limit)

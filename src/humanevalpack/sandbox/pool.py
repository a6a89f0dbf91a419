"""Running many programs: workers on all cores, results in the order given, faults retried, equal programs run once."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from humanevalpack.errors import UsageError
from humanevalpack.sandbox import process
from humanevalpack.sandbox.choice import check_name, choose_sandbox
from humanevalpack.sandbox.journal import Journal
from humanevalpack.sandbox.stream import Run, VerdictStream
from humanevalpack.sandbox.verdicts import Verdict
from humanevalpack.sandbox.workshop import Workshop

if TYPE_CHECKING:
    from humanevalpack.programs import Program
    from humanevalpack.sandbox.cluster import ClusterWorkshop


def run_programs(
    programs: Iterable[Program],
    *,
    sandbox: str = "auto",
    workers: int | str | None = None,
    time_limit: float | None = None,
    confirm_unsafe: bool = False,
    journal: str | Path | None = None,
    share_builds: bool = True,
    on_verdict: Callable[[int, Verdict], None] | None = None,
) -> VerdictStream:
    """Run programs with their tests and yield their verdicts in the order given.

    The result works with ``for`` and ``async for``; its ``as_completed()`` yields (index, verdict) in any order.
    ``programs`` is consumed as workers become free. ``workers`` is how many run at once (default: every core that this
    process may use), or "ray" for every free core of a Ray cluster (docs/clusters.md). ``time_limit`` replaces the CPU
    seconds of a run, ``on_verdict(index, verdict)`` is called as soon as a verdict is known, in any order. ``journal``
    is a file that keeps the verdicts: the same call after a kill runs only what is missing in it (a changed toolchain,
    profile or limit makes a program run again).
    ``share_builds=False`` builds every program by itself: it changes what a program costs, not its verdict.
    ``sandbox="process"`` needs ``confirm_unsafe=True``. Closing the iterator, or an exception, ends every worker and
    what it runs. For many small runs, see ``Pool``.

    Raises UsageError for a wrong argument, SandboxFault where the sandbox cannot work, and, when the first program of
    a language comes, ToolchainMissing if it cannot be judged here.
    """
    workshop = _workshop(sandbox, workers, time_limit, confirm_unsafe)
    return VerdictStream(Run(programs, workshop, Journal(journal), on_verdict, share_builds, private=True))


class Pool:
    """Workers that stay between runs: what ``run_programs`` does, without starting them anew for every small batch.

    >>> with Pool() as pool:
    ...     rewards = [verdict.passed for verdict in pool.run(programs)]

    Several threads may run programs at once and share the workers; a run holds those of its programs that have ended
    until it is read on. A process that was forked needs a pool of its own.
    """

    def __init__(
        self,
        *,
        sandbox: str = "auto",
        workers: int | str | None = None,
        time_limit: float | None = None,
        confirm_unsafe: bool = False,
    ) -> None:
        """Make a pool; the arguments, and the errors, are those of ``run_programs``. Workers start when needed."""
        self._workshop = _workshop(sandbox, workers, time_limit, confirm_unsafe)
        self._process = os.getpid()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self,
        programs: Iterable[Program],
        *,
        journal: str | Path | None = None,
        share_builds: bool = True,
        on_verdict: Callable[[int, Verdict], None] | None = None,
    ) -> VerdictStream:
        """Run programs as ``run_programs`` does; raises UsageError in a process that was forked from the pool's."""
        if os.getpid() != self._process:
            raise UsageError("this pool was made in another process: make one in each process that runs programs")
        return VerdictStream(Run(programs, self._workshop, Journal(journal), on_verdict, share_builds, private=False))

    def close(self) -> None:
        """End the workers."""
        self._workshop.close()


def _workshop(
    sandbox: str, workers: int | str | None, time_limit: float | None, confirm_unsafe: bool
) -> Workshop | ClusterWorkshop:
    count = _worker_count(workers)
    limit = _checked_limit(time_limit)
    check_name(sandbox)
    if sandbox == "process":
        process.confirm(confirm_unsafe)
        process.warn()
    if count is None:
        from humanevalpack.sandbox.cluster import ClusterWorkshop

        return ClusterWorkshop(sandbox, limit)
    return Workshop(choose_sandbox(sandbox), count, limit)


def _worker_count(workers: int | str | None) -> int | None:
    """Return how many programs run at once on this machine, or None for a cluster's cores."""
    if workers is None:
        return len(os.sched_getaffinity(0))
    if workers == "ray":
        return None
    if type(workers) is not int or workers < 1:
        raise UsageError(
            f"workers is {workers!r}; it must be a whole number of at least 1, None for all cores, or 'ray'"
        )
    return workers


def _checked_limit(time_limit: float | None) -> float | None:
    if time_limit is None:
        return None
    if type(time_limit) not in (int, float) or not math.isfinite(time_limit) or time_limit <= 0:
        raise UsageError(f"time_limit is {time_limit!r}; it must be a number of CPU seconds above 0, or None")
    return float(time_limit)

"""Which programs are built together: tasks of one language, spread evenly over the workers."""

from __future__ import annotations

import math
import time
from collections import deque

from humanevalpack.sandbox.schedule import Schedule, Task
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.supervisor.languages.sharing import SharedBuild

FEWEST = 4
"""Programs in a build while that many wait: smaller ones cost more than an idle core at the end of a run."""
_GATHERING = 0.25
"""Seconds after which a worker no longer waits for more programs of a slow input."""


class Batches:
    """Takes the tasks of a schedule and hands them out in groups; a task that shares no build is a group of its own."""

    def __init__(self, schedule: Schedule, workers: int, *, share_builds: bool) -> None:
        self._schedule = schedule
        self._workers = workers
        self._share_builds = share_builds
        self._waiting: dict[str, deque[Task]] = {}

    def next(self, busy: int) -> list[Task]:
        """Return what an idle worker should do while ``busy`` others work; [] for nothing now."""
        until = math.inf
        while (task := self._schedule.next_task(busy + len(self._waiting))) is not None:
            shared = self._shared(task)
            if shared is None:
                return [task]
            waiting = self._waiting.setdefault(task.program.language, deque())
            waiting.append(task)
            if len(waiting) >= shared.most * self._workers or time.monotonic() > until:
                break
            until = min(
                until, time.monotonic() + _GATHERING
            )  # not from the start: a language may have to be made ready
        if not self._waiting:
            return []
        return self._group(max(self._waiting, key=lambda language: len(self._waiting[language])))

    def _shared(self, task: Task) -> SharedBuild | None:
        shared = LANGUAGES[task.program.language].shared
        single = task.single or task.alone or not self._share_builds
        return None if single or shared is None or not shared.may_share(task.program.text) else shared

    def _group(self, language: str) -> list[Task]:
        waiting = self._waiting[language]
        shared = LANGUAGES[language].shared
        assert shared is not None
        size = max(-(-len(waiting) // self._workers), FEWEST)
        group = [waiting.popleft() for _ in range(min(size, shared.most, len(waiting)))]
        if not waiting:
            del self._waiting[language]
        return group

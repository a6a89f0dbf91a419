"""The programs of one run at work on the nodes of a cluster: handed out in calls, answered, tried again elsewhere."""

from __future__ import annotations

import math
import secrets
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from humanevalpack.sandbox.schedule import WINDOW, Schedule, Task
from humanevalpack.sandbox.shift import after_fault
from humanevalpack.sandbox.verdicts import Verdict

if TYPE_CHECKING:
    from humanevalpack.sandbox.cluster import ClusterWorkshop, Node

_MOST = 16
"""Programs in a call for every core of its node: a call costs milliseconds, a program of Python may cost less."""
_CALLS = 3
"""Calls of a run that a node has at once: so that its cores have work while the last of a call is slow."""
_AHEAD = 2 * _CALLS * _MOST
"""Programs that are taken ahead for every core: calls become smaller as these become fewer."""
_GATHERING = 0.25
"""Seconds after which nobody waits for more programs of a slow input."""


@dataclass(frozen=True, slots=True)
class _Call:
    """What a node was asked to judge; ``name`` is for giving it up."""

    node: Node
    tasks: list[Task]
    name: str


class Dispatch:
    """What one run has at work on a cluster: a Shift whose places are nodes; a node runs a doubtful program again."""

    def __init__(self, workshop: ClusterWorkshop, schedule: Schedule, *, share_builds: bool) -> None:
        self._workshop = workshop
        self._schedule = schedule
        self._share_builds = share_builds
        self._waiting: deque[Task] = deque()
        self._calls: dict[Any, _Call] = {}

    def __enter__(self) -> Dispatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for call in self._calls.values():
            self._workshop.give_up(call.node, call.name)

    def hand_out(self) -> None:
        """Give every node something to do. Raises SandboxFault, ToolchainMissing."""
        nodes = self._workshop.open_nodes()
        self._gather()
        while self._waiting and nodes:
            node = min(nodes, key=self._calls_of)
            if self._calls_of(node) == _CALLS:
                return
            self._give(node)

    def wait(self) -> Iterator[tuple[Task, Verdict | None]]:
        """Wait for something to happen; yield (task, verdict), or (task, None) for one that must run again."""
        for answer in self._workshop.wait(list(self._calls)):
            call = self._calls.pop(answer)
            verdicts = self._workshop.verdicts(call.node, answer)
            if isinstance(verdicts, str):
                for task in call.tasks:
                    yield task, after_fault(task, verdicts, together=False)
            else:
                yield from zip(call.tasks, verdicts, strict=True)

    def _calls_of(self, node: Node) -> int:
        return sum(call.node is node for call in self._calls.values())

    def _gather(self) -> None:
        """Take programs ahead, without waiting long for a slow input."""
        enough = _AHEAD * self._workshop.cores
        self._schedule.window = max(WINDOW, 2 * enough)
        until = math.inf
        while len(self._waiting) < enough and time.monotonic() < until:
            task = self._schedule.next_task(len(self._calls))
            if task is None:
                return
            self._waiting.append(task)
            # not from the start: a language may have to be made ready
            until = min(until, time.monotonic() + _GATHERING)

    def _give(self, node: Node) -> None:
        share = len(self._waiting) * node.cores / (2 * _CALLS * self._workshop.cores)
        size = min(math.ceil(share), _MOST * node.cores, len(self._waiting))
        tasks = [self._waiting.popleft() for _ in range(size)]
        name = secrets.token_hex(8)
        programs = [task.program for task in tasks]
        answer = self._workshop.judge(node, programs, share_builds=self._share_builds, call=name)
        self._calls[answer] = _Call(node, tasks, name)

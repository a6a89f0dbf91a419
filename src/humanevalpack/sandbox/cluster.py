"""Judging on the nodes of a Ray cluster: on each a branch (branch.py), with as many workers as the node has free cores.

A node that joins is used, a node that is lost is no fault of a program: what it had at work runs on another one. The
branches end with this process, whatever becomes of it: Ray ends the actors of a driver that is gone.
"""

from __future__ import annotations

import math
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import SandboxFault, UsageError
from humanevalpack.sandbox.branch import Branch, release
from humanevalpack.sandbox.connection import (
    NO_NODE,
    NodeLost,
    answered,
    connected,
    cores_of,
    name_of,
    nodes_with_cores,
    placed_on,
)
from humanevalpack.sandbox.dispatch import Dispatch
from humanevalpack.sandbox.shift import TRIES
from humanevalpack.version import __version__

if TYPE_CHECKING:
    from humanevalpack.programs import Program
    from humanevalpack.sandbox.schedule import Schedule
    from humanevalpack.sandbox.verdicts import Verdict

_PLACED = 120.0
"""Seconds after which a branch that has not opened is given up: others may have taken its cores."""
_LOOK = 3.0
"""Seconds between two looks at which nodes there are."""
_TELL = 10.0
"""Seconds without a free core after which a warning says so."""
_ALL_TAKEN = "no core of the Ray cluster is free: waiting until others give some back (`ray status` tells of them)"
_TURN = 0.5
"""Seconds after which a wait ends, that a run which is given up from another thread ends soon."""


@dataclass(eq=False, slots=True)
class Node:
    """A node of the cluster and the branch that was started there at ``since`` (monotonic seconds)."""

    id: str
    name: str
    cores: int
    branch: Any
    opening: Any
    since: float
    is_open: bool = False


class ClusterWorkshop:
    """The branches on the nodes of a cluster, shared by runs in any thread; ``close`` ends them all."""

    def __init__(self, sandbox: str, time_limit: float | None) -> None:
        """Connect; raises SandboxFault."""
        self._ray = connected()
        self._sandbox = sandbox
        self._time_limit = time_limit
        self._nodes: dict[str, Node] = {}
        self._failures: Counter[str] = Counter()
        self._last_fault = ""
        self._judged_by: dict[str, str] = {}
        self._admitting, self._lock = Lock(), Lock()
        self._looks_again = 0.0
        self._waits_since = math.inf
        self._closed = False

    @property
    def cores(self) -> int:
        """How many programs can be at work at once, counted with the branches that are about to open."""
        return max(1, sum(node.cores for node in list(self._nodes.values())))

    def shift(self, schedule: Schedule, *, share_builds: bool) -> Dispatch:
        """Return what the programs of one run are given to."""
        return Dispatch(self, schedule, share_builds=share_builds)

    def judged_by(self, language: str) -> str:
        """Return what a language's verdicts depend on beside the program, on the node that says so first."""
        with self._admitting:
            while language not in self._judged_by:
                while not (nodes := self.open_nodes()):
                    self.wait([])
                asked = {node.branch.judged_by.remote(language): node for node in nodes}
                (first, *_), _ = self._ray.wait(list(asked))
                with suppress(NodeLost):
                    self._judged_by[language] = self._answer(asked[first], first)
        return self._judged_by[language]

    def open_nodes(self) -> list[Node]:
        """Return the nodes that can judge now; starts branches where there are none.

        Raises UsageError once closed, SandboxFault if no node is left or one cannot judge.
        """
        if self._closed:
            raise UsageError("this pool is closed: make another, or read every verdict before it ends")
        with self._lock:
            if time.monotonic() >= self._looks_again:
                self._look()
                self._looks_again = time.monotonic() + (_LOOK if self._nodes else _TURN)
            for node in [node for node in self._nodes.values() if not node.is_open]:
                self._see(node)
            return [node for node in self._nodes.values() if node.is_open]

    def judge(self, node: Node, programs: Sequence[Program], *, share_builds: bool, call: str) -> Any:
        """Have a node judge programs; returns what ``wait`` and ``verdicts`` take."""
        known = {program.language: self._judged_by[program.language] for program in programs}
        return node.branch.judge.remote(programs, known, share_builds=share_builds, call=call)

    def wait(self, calls: Sequence[Any]) -> list[Any]:
        """Wait a moment for calls or for branches that are about to open; return the calls that have ended."""
        opening = [node.opening for node in list(self._nodes.values()) if not node.is_open]
        if not calls and not opening:
            time.sleep(_TURN)
            return []
        ended, _ = self._ray.wait([*calls, *opening], timeout=_TURN)
        return [call for call in ended if call not in opening]

    def verdicts(self, node: Node, call: Any) -> list[Verdict] | str:
        """Return the verdicts of a call that has ended, or what is known of the loss of its node.

        Raises SandboxFault, ToolchainMissing if the node cannot judge.
        """
        try:
            answered: list[Verdict] = self._answer(node, call)
        except NodeLost as error:
            return f"{node.name} was lost: {error}"
        self._failures[node.id] = 0
        return answered

    def give_up(self, node: Node, call: str) -> None:
        """Have a node end what a call has at work there."""
        if self._ray.is_initialized():
            with suppress(self._ray.exceptions.RayError):
                node.branch.give_up.remote(call)

    def close(self) -> None:
        """End every branch and what it runs."""
        with self._lock:
            self._closed = True
            nodes, self._nodes = list(self._nodes.values()), {}
        if not self._ray.is_initialized():
            return
        closing = [node.branch.close.remote() for node in nodes if node.is_open]
        if closing:
            self._ray.wait(closing, num_returns=len(closing), timeout=10.0)
        for node in nodes:
            self._ray.kill(node.branch)

    def _look(self) -> None:
        """Start branches on nodes that have none, forget nodes that are gone."""
        alive = nodes_with_cores(self._ray)
        if not alive:
            raise SandboxFault(NO_NODE + (f". Lost last: {self._last_fault}" if self._last_fault else ""))
        for lost in set(self._nodes) - set(alive):
            del self._nodes[lost]
        free = self._free_cores()
        for name, node in alive.items():
            if name not in self._nodes and free.get(name, 0):
                self._start(node, free[name])
        self._tell_of_waiting()

    def _free_cores(self) -> dict[str, int]:
        # the public functions tell the sum only; ray.util's own modules ask in this way, too
        from ray._private.state import available_resources_per_node

        free: dict[str, dict[str, float]] = available_resources_per_node()  # type: ignore[no-untyped-call]
        return {node: cores_of(resources) for node, resources in free.items()}

    def _tell_of_waiting(self) -> None:
        if self._nodes:
            self._waits_since = math.inf
        elif self._waits_since == math.inf:
            self._waits_since = time.monotonic()
        elif time.monotonic() - self._waits_since > _TELL:
            self._waits_since = math.inf
            warnings.warn(_ALL_TAKEN, RuntimeWarning, stacklevel=2)

    def _start(self, found: dict[str, Any], cores: int) -> None:
        node = found["NodeID"]
        if self._failures[node] >= TRIES:
            raise SandboxFault(
                f"judging cannot start on a node of the Ray cluster: {self._last_fault}. It needs the package that "
                f"this process has: pip install 'humanevalpack[ray]=={__version__}'"
            )
        placed = self._ray.remote(Branch).options(
            num_cpus=cores, max_restarts=0, max_concurrency=32, scheduling_strategy=placed_on(node)
        )
        branch = placed.remote(self._sandbox, cores, self._time_limit)
        opening = branch.open.remote(release())
        self._nodes[node] = Node(node, name_of(found), cores, branch, opening, time.monotonic())

    def _see(self, node: Node) -> None:
        """See whether a branch has opened."""
        ended, _ = self._ray.wait([node.opening], timeout=0)
        if ended:
            with suppress(NodeLost):
                self._answer(node, node.opening)
                node.is_open = True
        elif time.monotonic() - node.since > _PLACED:
            self._drop(node)

    def _answer(self, node: Node, answer: Any) -> Any:
        """Return what a branch answered; raises NodeLost, after which the node is known no more, or its error."""
        try:
            return answered(self._ray, node.name, answer)
        except NodeLost as error:
            self._failures[node.id] += 1
            self._last_fault = f"{node.name}: {error}"
            self._drop(node)
            raise

    def _drop(self, node: Node) -> None:
        self._ray.kill(node.branch)
        if self._nodes.get(node.id) is node:
            del self._nodes[node.id]

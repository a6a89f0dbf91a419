"""Several workers inside one image, for ``evaluate``: the small counterpart of the pool outside."""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .frames import HEADER, BrokenFrame, pack, parse_header, read_exactly, write_all
from .job import program_frame, without_running
from .languages import LANGUAGES
from .limits import backstop
from .stem import LOAD

_TRIES = 3
"""How many workers a program may break before it is answered by a sandbox_error."""
_GRACE = 60.0
_COMMAND = "/usr/local/bin/humanevalpack-sandbox"
_UNKNOWN = {
    "status": "",
    "reason": "",
    "build": None,
    "run": None,
    "peak_memory": None,
    "output": "",
    "exit_code": None,
    "signal": None,
}
"""The verdict of a program that was not run, but for status and reason."""


@dataclass
class _Task:
    """One distinct program, the places in the input that wait for it, and how often a worker broke on it."""

    body: dict[str, Any]
    indices: list[int]
    faults: list[str] = field(default_factory=list)


@dataclass
class _Mate:
    """A worker: a process of its own that serves one language."""

    process: subprocess.Popen[bytes]
    inp: int
    out: int
    slowness: float
    task: _Task | None = None
    deadline: float = 0.0
    loaded: bool = False


class Crew:
    """At most ``count`` workers; an end that the machine may be to blame for counts only if it comes again alone."""

    def __init__(self, language: str, count: int, time_limit: float | None) -> None:
        self._language = language
        self._count = count
        self._time_limit = time_limit
        self._mates: list[_Mate] = []

    def judge(self, records: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the verdicts of ``records`` in their order."""
        verdicts: dict[int, dict[str, Any]] = {}
        waiting, doubtful = deque[_Task](), deque[_Task]()
        for task in _tasks(records):
            if (known := without_running(task.body["text"])) is not None:
                verdicts.update((index, {**_UNKNOWN, "status": known[0], "reason": known[1]}) for index in task.indices)
            else:
                waiting.append(task)
        alone, answered = False, 0
        try:
            while answered < len(records):
                if not waiting and doubtful and not self._busy:
                    alone, waiting, doubtful = True, doubtful, deque()
                while waiting and self._busy < (1 if alone else self._count):
                    self._give(waiting.popleft(), patience=2.0 if alone else 1.0)
                for task, verdict in self._wait():
                    if verdict is None:
                        waiting.append(task)
                    elif verdict.pop("doubtful") and not alone:
                        doubtful.append(task)
                    else:
                        verdicts.update((index, dict(verdict)) for index in task.indices)
                while answered in verdicts:
                    yield verdicts.pop(answered)
                    answered += 1
        finally:
            for mate in self._mates:
                _end(mate)

    @property
    def _busy(self) -> int:
        return sum(mate.task is not None for mate in self._mates)

    def _give(self, task: _Task, patience: float) -> None:
        mate = next((mate for mate in self._mates if mate.task is None), None)
        if mate is None:
            mate = _start()
            self._mates.append(mate)
        language = LANGUAGES[self._language]
        load = b""
        if language.loads and not mate.loaded:
            mate.loaded = True
            load = pack(LOAD, {"language": self._language, "warm": self._language})
        body = {"warm": self._language, "cpu": self._time_limit, "slowness": mate.slowness, "patience": patience}
        run = self._time_limit or language.run_cpu * mate.slowness
        longest = backstop(language.build_cpu * mate.slowness, patience) + backstop(run, patience) + _GRACE
        mate.task, mate.deadline = task, time.monotonic() + longest
        try:
            write_all(mate.inp, load + program_frame(self._language, {**task.body, **body}))
        except OSError:
            pass  # it is gone: seen when its answer is awaited

    def _wait(self) -> Iterator[tuple[_Task, dict[str, Any] | None]]:
        poller = select.poll()
        busy = {mate.out: mate for mate in self._mates if mate.task is not None}
        for out in busy:
            poller.register(out, select.POLLIN)
        left = min((mate.deadline for mate in busy.values()), default=0.0) - time.monotonic()
        ready = [out for out, _ in poller.poll(max(0.0, left) * 1000 + 1)]
        late = [out for out, mate in busy.items() if out not in ready and time.monotonic() > mate.deadline]
        for out in (*ready, *late):
            mate = busy[out]
            task, mate.task = mate.task, None
            assert task is not None
            try:
                yield task, _answer(mate, late=out in late)
            except (BrokenFrame, OSError) as fault:
                self._mates.remove(mate)
                _end(mate)
                task.faults.append(str(fault))
                yield task, _after_fault(task)


def _tasks(records: Sequence[dict[str, Any]]) -> Iterator[_Task]:
    known: dict[tuple[str, str], _Task] = {}
    for index, record in enumerate(records):
        text, profile = record["text"], record.get("profile", "reference")
        if (task := known.get((text, profile))) is not None:
            task.indices.append(index)
        else:
            known[text, profile] = _Task({"text": text, "profile": profile}, [index])
    yield from known.values()


def _answer(mate: _Mate, *, late: bool) -> dict[str, Any]:
    if late:
        raise BrokenFrame("it is stuck: no answer long after every limit of the program")
    kind, body = _receive(mate.out)
    if kind != "verdict":
        raise BrokenFrame(f"{kind}: {body.get('reason', body)}")
    return body


def _receive(out: int) -> tuple[str, dict[str, Any]]:
    header = read_exactly(out, HEADER)
    if not header:
        raise BrokenFrame("it ended")
    kind, length = parse_header(header)
    return kind, json.loads(read_exactly(out, length))


def _after_fault(task: _Task) -> dict[str, Any] | None:
    if len(task.faults) < _TRIES:
        return None
    reason = f"{_TRIES} fresh workers broke on this program; the last one: {task.faults[-1]}"
    return {**_UNKNOWN, "status": "sandbox_error", "reason": reason}


def _start() -> _Mate:
    """Start a worker of this image: a new program, not a fork, for this process holds every record and its test."""
    process = subprocess.Popen([_COMMAND, "worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    _, body = _receive(process.stdout.fileno())
    return _Mate(process, process.stdin.fileno(), process.stdout.fileno(), body["slowness"])


def _end(mate: _Mate) -> None:
    for pipe in (mate.process.stdin, mate.process.stdout):
        assert pipe is not None
        with suppress(BrokenPipeError):
            pipe.close()
    try:
        mate.process.wait(2)
    except subprocess.TimeoutExpired:
        mate.process.kill()
        mate.process.wait()

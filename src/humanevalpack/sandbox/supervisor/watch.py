"""Starts one command of a program, watches what its process tree uses, and says how it ended."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from . import kernel
from .cage import Cage, usage
from .launch import Command, LaunchFailed, become
from .limits import Limits

PERIOD = 0.015
"""Seconds between two looks at a running program."""
KEPT = 2048
"""Bytes of the output's beginning, and of its end, that are kept."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended; times in seconds, memory in bytes.

    ``broke`` is the status of the limit that it broke ("" if none) and ``why`` says so; ``doubtful`` marks an end that
    the machine may be to blame for: a timeout by the wall backstop, a SIGKILL that is not ours, a failure while the
    kernel killed some process for want of memory. ``proof`` is what arrived on the proof channel, ``token`` what would
    prove the end of the test.
    """

    exit_code: int | None
    signal: str | None
    broke: str
    why: str
    doubtful: bool
    wall: float
    cpu: float
    peak_memory: int
    output: bytes
    output_size: int
    token: bytes
    proof: bytes

    @property
    def succeeded(self) -> bool:
        """True if no limit broke and the exit code is 0."""
        return not self.broke and self.exit_code == 0


class Output:
    """The first and last bytes of a stream of any length."""

    def __init__(self) -> None:
        self.size = 0
        self._head = b""
        self._tail = b""

    def add(self, data: bytes) -> None:
        """Take what was written next."""
        self.size += len(data)
        room = KEPT - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail = (self._tail + data)[-KEPT:]

    def kept(self) -> bytes:
        """Return what is kept, and how much was dropped between."""
        dropped = self.size - len(self._head) - len(self._tail)
        return self._head + (b"\n[... %d bytes ...]\n" % dropped if dropped else b"") + self._tail


def run(command: Command, cage: Cage, limits: Limits) -> Outcome:
    """Run ``command`` in ``cage`` to its end or to a limit, kill all it started, and return what happened."""
    with cage.as_user():  # a runtime that opens /proc/self/fd/N must own the pipe
        token_read, token_write = os.pipe()
        proof_read, proof_write = os.pipe()
        output_read, output_write = os.pipe()
    error_read, error_write = os.pipe()
    ends = (output_write, token_read, proof_write, error_write)
    if command.test is not None:
        answer_read, answer_write = os.pipe()
        ends = (output_write, token_read, answer_write, error_write)
    began = time.monotonic()
    if cage.forks is not None:
        main = cage.forks.start(command, cage, limits, ends)
    elif (main := kernel.fork() if command.call else kernel.fork_alone()) == 0:
        become(command, cage, limits, ends)
    for end in ends:
        os.close(end)
    token = token_hex(16).encode("ascii")  # only now: the program may be a fork of this process and no more
    if command.test is None:
        with suppress(BrokenPipeError):  # it has ended already
            os.write(token_write, token + command.secret)
    else:
        command.test(token, token_write, answer_read, proof_write)
        os.close(answer_read)
        os.close(proof_write)
    os.close(token_write)
    os.set_blocking(output_read, False)
    os.set_blocking(proof_read, False)
    try:
        watch = _Watch(main, cage, limits, output_read, began)
        watch.until_end()
        with open(error_read, "rb") as errors:
            if message := errors.read(4096):
                raise LaunchFailed(message.decode("utf-8", "replace"))
        try:
            proof = os.read(proof_read, 4096)
        except BlockingIOError:
            proof = b""
        if command.test_over is not None:
            command.test_over()
        return watch.outcome(token, proof)
    finally:
        os.close(output_read)
        os.close(proof_read)


class _Watch:
    """The state of one running command."""

    def __init__(self, main: int, cage: Cage, limits: Limits, output_fd: int, began: float) -> None:
        self.main, self.cage, self.limits, self.began = main, cage, limits, began
        self.output_fd = output_fd
        self.output = Output()
        self.status: int | None = None
        self.reaped_cpu = 0.0
        self.cpu = 0.0
        self.peak = 0
        self.broke = ""
        self.why = ""
        self.doubtful = False
        self.kills = _kills()

    def until_end(self) -> None:
        handle = os.pidfd_open(self.main)
        poller = select.poll()
        poller.register(handle, select.POLLIN)
        poller.register(self.output_fd, select.POLLIN)
        looked = time.monotonic()
        try:
            while self.status is None and not self.broke:
                events = dict(poller.poll(PERIOD * 1000))
                if self.output_fd in events and not self._drain(1 << 20):
                    poller.unregister(self.output_fd)
                now = time.monotonic()
                looks = now - looked >= PERIOD
                if looks or handle in events:
                    self._reap(wait=False)
                if looks and self.status is None:
                    looked = now
                    self._look(now)
        finally:
            os.close(handle)
            self.wall = time.monotonic() - self.began
            self.cage.kill_all()
            self._reap(wait=True)
        self._drain(None)

    def outcome(self, token: bytes, proof: bytes) -> Outcome:
        code = os.waitstatus_to_exitcode(self.status) if self.status is not None else None
        name = _signal_name(-code) if code is not None and code < 0 else None
        cpu = max(self.cpu, self.reaped_cpu)
        if not self.broke:
            # what happened between two looks: the kernel's own account decides, so that load does not
            if name == "SIGXCPU" or cpu > self.limits.cpu:
                self._break("timeout", self._too_long())
            elif self.peak > self.limits.memory:
                self._break("memory_limit", self._too_large())
            elif self.limits.output is not None and self.output.size > self.limits.output:
                self._break("output_limit", f"wrote more than {self.limits.output} bytes")
        killed = name == "SIGKILL" or ((code != 0 or proof != token) and _kills() != self.kills)
        return Outcome(
            code if code is not None and code >= 0 else None,
            name,
            self.broke,
            self.why,
            self.doubtful or (killed and not self.broke),
            self.wall,
            cpu,
            self.peak,
            self.output.kept(),
            self.output.size,
            token,
            proof,
        )

    def _too_long(self) -> str:
        return f"used more than {self.limits.cpu:g} s of CPU time"

    def _too_large(self) -> str:
        return f"held more than {self.limits.memory >> 20} MiB of memory"

    def _break(self, status: str, why: str) -> None:
        self.broke, self.why = status, why

    def _drain(self, at_most: int | None) -> bool:
        """Read what waits in the output pipe; False at its end."""
        allowed = self.limits.output
        while at_most is None or at_most > 0:
            try:
                data = os.read(self.output_fd, 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            self.output.add(data)
            if allowed is not None and self.output.size > allowed:
                if not self.broke:
                    self._break("output_limit", f"wrote more than {allowed} bytes")
                return True
            at_most = None if at_most is None else at_most - len(data)
        return True

    def _reap(self, *, wait: bool) -> None:
        ended = _reaped(wait=wait) if self.cage.forks is None else self.cage.forks.reap(wait=wait)
        for number, status, cpu, peak in ended:
            self.reaped_cpu += cpu
            self.peak = max(self.peak, peak * 1024)
            if number == self.main:
                self.status = status

    def _look(self, now: float) -> None:
        cpu, memory, threads = self.reaped_cpu, 0, 0
        numbers = []
        for number, fields in self.cage.members():
            its_cpu, its_memory, its_threads = usage(fields)
            cpu, memory, threads = cpu + its_cpu, memory + its_memory, threads + its_threads
            numbers.append(number)
        if memory > self.limits.memory and len(numbers) > 1:
            memory = _proportional(numbers, memory)  # shared pages count once
        self.cpu = max(self.cpu, cpu)
        self.peak = max(self.peak, memory)
        if cpu > self.limits.cpu:
            self._break("timeout", self._too_long())
        elif memory > self.limits.memory:
            self._break("memory_limit", self._too_large())
        elif threads > self.limits.processes:
            self._break("runtime_error", f"ran more than {self.limits.processes} processes and threads")
        elif self.cage.sockets() > self.limits.sockets:
            self._break("runtime_error", f"held more than {self.limits.sockets} sockets")
        elif now - self.began > self.limits.wall:
            self.doubtful = True
            self._break("timeout", f"did not end within {self.limits.wall:g} s of wall time ({cpu:.1f} s of CPU time)")


def _reaped(*, wait: bool) -> Iterator[tuple[int, int, float, int]]:
    """Yield what ``ForkServer.reap`` does, of this process's own children."""
    while True:
        try:
            number, status, rusage = os.wait4(-1, 0 if wait else os.WNOHANG)
        except ChildProcessError:
            return
        if number == 0:
            return
        yield number, status, rusage.ru_utime + rusage.ru_stime, rusage.ru_maxrss


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _kills() -> int:
    """Return how many processes this machine's kernel has killed for want of memory (Linux 4.13, else 0)."""
    with open("/proc/vmstat", "rb") as file:
        text = file.read()
    at = text.find(b"\noom_kill ")
    return int(text[at + 10 : text.index(b"\n", at + 1)]) if at >= 0 else 0


def _proportional(numbers: list[int], otherwise: int) -> int:
    total = 0
    for number in numbers:
        try:
            with open(f"/proc/{number}/smaps_rollup", "rb") as file:
                text = file.read()
        except ProcessLookupError:
            continue
        except OSError:
            return otherwise
        at = text.find(b"\nPss:")
        if at >= 0:
            total += int(text[at + 5 : text.index(b"kB", at)]) * 1024
    return total

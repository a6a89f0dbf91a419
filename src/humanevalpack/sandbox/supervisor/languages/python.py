"""Python: a fork of a process that has the import block loaded executes the text, as the reference does."""

from __future__ import annotations

import io
import os
import sys
from types import ModuleType

from ..launch import PROOF_FD, TOKEN_FD, Command
from ..limits import Job
from ..watch import Outcome
from .base import Language, Need, Places

_IMPORT_BLOCK = tuple(
    "math re sys copy datetime itertools collections heapq statistics functools hashlib numpy string typing".split()
)


class Python(Language):
    """Python of the system, with numpy."""

    name = "python"
    run_cpu = 10
    needs = (
        Need("Python", "/usr/bin/python3"),
        Need("numpy for it (python3-numpy)", "/usr/lib/python3/dist-packages/numpy/__init__.py"),
    )
    example = "import numpy\nassert numpy.arange(4).sum() == 6\n"
    modules = _IMPORT_BLOCK
    version = ("/usr/bin/python3", "-I", "-c", "import sys, numpy; print(sys.version.split()[0], numpy.__version__)")

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """Nothing: the forked process has the text."""
        return {}

    def run(self, job: Job, places: Places) -> Command:
        """Execute the text in the forked process."""
        return Command(call=_Execution(job.text))

    def judge(self, job: Job, outcome: Outcome) -> tuple[str, str]:
        """Read the failure that the process reports of itself; a success needs the token as everywhere."""
        status, _, reason = outcome.proof.decode("utf-8", "replace").partition("\n")
        if status in ("failed", "runtime_error", "compile_error", "incomplete"):
            return status, reason
        return super().judge(job, outcome)


class _Execution:
    """Runs a text in this process and reports its end; the frame of ``__call__`` holds no secret while it runs."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self) -> None:
        sys.stdin = io.TextIOWrapper(io.FileIO(0), encoding="utf-8")
        streams = sys.stdout, sys.stderr = _stream(1), _stream(2)
        own_modules = [name for name in sys.modules if name.partition(".")[0] in ("supervisor", "__main__")]
        self.kept = [sys.modules.pop(name) for name in own_modules]  # taking them apart would cost a millisecond
        sys.modules["__main__"] = ModuleType("__main__")  # doctest.testmod() and others look into it
        sys.modules["numpy"].random.seed()
        read, write, leave, number, own = os.read, os.write, os._exit, os.getpid, os.getpid()
        failure = _execute(self.text)
        if number() != own:  # a fork of the program got here: it proves nothing
            leave(0)
        for stream in streams:
            try:
                stream.flush()
            except (OSError, ValueError):
                pass  # the program closed it; the reference does not look at output either
        if failure is None:
            write(PROOF_FD, read(TOKEN_FD, 64))
            leave(0)
        write(PROOF_FD, failure)
        try:
            write(2, failure.partition(b"\n")[2] + b"\n")
        except OSError:
            pass  # closed, too
        leave(1)


def _stream(fd: int) -> io.TextIOWrapper:
    # the reference's stream takes every character, so that printing one must not raise
    return io.TextIOWrapper(io.FileIO(fd, "w"), encoding="utf-8", errors="backslashreplace", line_buffering=fd == 2)


def _execute(text: str) -> bytes | None:
    """Execute the text with empty globals; return None only if it ran to its end, else a report of why not."""
    try:
        code = compile(text, "<program>", "exec")
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        return _report("compile_error", error)
    try:
        exec(code, {})
    except SystemExit as error:
        if error.code in (None, 0):
            return _report("incomplete", error)
        return _report("runtime_error", error)
    except AssertionError as error:
        return _report("failed", error)
    except BaseException as error:
        return _report("runtime_error", error)
    return None


def _report(status: str, error: BaseException) -> bytes:
    # no module that the program could have changed
    try:
        what = f"{type(error).__name__}: {error}"[:300]
    except BaseException:  # an exception whose text raises
        what = type(error).__name__
    return f"{status}\n{what}".encode("utf-8", "backslashreplace")

"""Python: a fork of a process that has the import block loaded executes the text, as the reference does.

Where the test can be told from the candidate, a second fork executes the test: see ``python_referee``.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Any

from ..launch import PROOF_FD, TOKEN_FD, Command
from ..limits import Job
from ..watch import Outcome
from .base import Language, Need, Places
from .python_candidate import Candidate, enter, execute, flush, forget_ourselves
from .python_referee import end, hand_over, start
from .python_test import test_place

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
    example = """import numpy
def total():
    return numpy.arange(4).sum()
def check(total):
    assert total() == 6
check(total)
"""
    modules = _IMPORT_BLOCK
    loads = True
    version = ("/usr/bin/python3", "-I", "-c", "import sys, numpy; print(sys.version.split()[0], numpy.__version__)")

    def begin(self) -> None:
        """Start the process that executes tests."""
        self._tests = start()

    def settle(self) -> None:
        """Look to programs as a fresh interpreter does."""
        forget_ourselves()

    def test_apart(self, text: str, test_begins: int | None) -> int | None:
        """Tell the test from the candidate, if it is one of the usual kind."""
        return test_place(text, test_begins)

    def sources(self, job: Job, places: Places) -> dict[str, bytes]:
        """Nothing: the forked process has the text."""
        return {}

    def run(self, job: Job, places: Places) -> Command:
        """Execute the text in the forked process."""
        command = self.forked({"text": job.text, "apart": job.apart is not None})
        if job.apart is None:
            return command
        return replace(command, test=partial(hand_over, self._tests, job.apart), test_over=partial(end, self._tests))

    def forked(self, given: dict[str, Any]) -> Command:
        """Execute the text, with or without its test."""
        return Command(call=partial(_run_candidate if given["apart"] else _run_whole, given["text"]), given=given)

    def judge(self, job: Job, outcome: Outcome) -> tuple[str, str]:
        """Read the failure that the process reports of itself; a success needs the token as everywhere."""
        status, _, reason = outcome.proof.decode("utf-8", "replace").partition("\n")
        if status in ("failed", "runtime_error", "compile_error", "incomplete"):
            return status, reason
        return super().judge(job, outcome)


def _run_candidate(text: str) -> None:
    Candidate().serve(text, enter(text))


def _run_whole(text: str) -> None:
    """Execute candidate and test in this process, where they cannot be told from each other. Never returns."""
    streams = enter(text)
    read, write, leave, number, own = os.read, os.write, os._exit, os.getpid, os.getpid()
    failure = execute(text, {})
    if number() != own:  # a fork of the program got here: it proves nothing
        leave(0)
    flush(streams)
    if failure is None:
        write(PROOF_FD, read(TOKEN_FD, 64))
        leave(0)
    write(PROOF_FD, "\n".join(failure).encode("utf-8", "backslashreplace"))
    try:
        write(2, failure[1].encode("utf-8", "backslashreplace") + b"\n")
    except OSError:
        pass  # the program closed it, too
    leave(1)

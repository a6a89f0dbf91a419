"""Workers come up beside those at work: nothing waits for them in vain, and none is left."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from humanevalpack import Pool, run_programs
from humanevalpack.errors import SandboxFault
from humanevalpack.programs import Program
from humanevalpack.sandbox import process, workshop
from humanevalpack.sandbox.workers import Start, Started
from processes import descendants, still_there

pytestmark = [
    pytest.mark.toolchain("python"),
    pytest.mark.filterwarnings("ignore:sandbox 'process' runs generated programs"),
]
FAILING_READER = """
import warnings
from humanevalpack import Program, run_programs
warnings.simplefilter("ignore")
programs = [Program(text=f"assert True # {n}", language="python", problem=None, profile="reference") for n in range(9)]
if __name__ == "__main__":
    for verdict in run_programs(programs, sandbox="process", workers=3, confirm_unsafe=True):
        print(verdict.status, flush=True)
        raise ValueError("the reader fails")
"""
run = partial(run_programs, sandbox="process", confirm_unsafe=True)


def programs(count: int, word: str = "") -> list[Program]:
    texts = [f"assert True # {word}{number}" for number in range(count)]
    return [Program(text=text, language="python", problem=None, profile="reference") for text in texts]


def replaced_starts(monkeypatch: pytest.MonkeyPatch, change: Callable[[int], None]) -> None:
    """Call ``change`` with the number of the start, from 1 on, before a worker starts."""
    number = 0

    def start(*arguments: object) -> Started:
        nonlocal number
        number += 1
        change(number)
        return process.start(*arguments)  # type: ignore[arg-type]

    monkeypatch.setitem(workshop._STARTS, "process", start)


def test_a_process_whose_reader_fails_ends() -> None:
    ended = subprocess.run([sys.executable, "-c", FAILING_READER], capture_output=True, text=True, timeout=120)
    assert ended.stdout == "passed\n"
    assert ended.returncode == 1
    assert ended.stderr.endswith("ValueError: the reader fails\n"), ended.stderr


def test_a_run_that_is_closed_while_workers_come_up_leaves_none() -> None:
    before = descendants(os.getpid())
    verdicts = run(programs(9), workers=4)
    next(verdicts)
    verdicts.close()
    assert not still_there(descendants(os.getpid()) - before)


def test_what_is_interrupted_while_it_waits_for_a_worker_lends_the_others_to_the_next_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = descendants(os.getpid())
    replaced_starts(monkeypatch, lambda number: time.sleep(3) if number in (2, 3) else None)
    with Pool(sandbox="process", workers=3, confirm_unsafe=True) as pool:
        list(pool.run(programs(1)))
        for seconds in (0.5, 1.0):  # while it works; while it waits for those that come up
            threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
        long = Program(text="import time; time.sleep(30)", language="python", problem=None, profile="reference")
        with pytest.raises(KeyboardInterrupt):
            list(pool.run([*programs(2, "x"), long]))
        assert [verdict.status for verdict in pool.run(programs(9, "y"))] == ["passed"] * 9
    assert not still_there(descendants(os.getpid()) - before)


def test_what_was_answered_before_a_worker_could_not_come_up_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answered = threading.Event()

    def change(number: int) -> None:
        if number == 3:
            assert answered.wait(60)
            raise SandboxFault("there is no room for a third")

    replaced_starts(monkeypatch, change)
    first, second, third = programs(3)
    with Pool(sandbox="process", workers=3, confirm_unsafe=True) as pool:
        # the first two have workers before the third asks for one
        assert [verdict.status for verdict in pool.run([first, second])] == ["passed", "passed"]
        verdicts = pool.run(
            [first, second, third], journal=tmp_path / "journal", on_verdict=lambda number, verdict: answered.set()
        )
        with pytest.raises(SandboxFault, match="no room for a third"):
            list(verdicts)
    _, *kept = (tmp_path / "journal").read_text().splitlines()
    assert kept


def test_a_worker_that_is_to_end_ends_when_it_is_up() -> None:
    up, ends = threading.Event(), threading.Event()

    class Worker:
        def close(self) -> None:
            ends.set()

    def start() -> Started:
        assert up.wait(60)
        return Started(Worker(), None)  # type: ignore[arg-type]

    coming = Start(start)
    coming.end_when_up()
    assert not ends.is_set()
    up.set()
    coming.wait()
    assert ends.is_set()


def test_where_no_thread_can_start_the_sandbox_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(SandboxFault, match="can't start new thread"):
        next(run(programs(1)))

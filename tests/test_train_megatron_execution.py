"""A run of Megatron-LM that is told to end: torchrun hears of it once, and none of its processes is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from processes import descendants, parents, still_there

RUN = """
import signal, sys
from octopack_train.megatron.dialects import read_dialect
from octopack_train.megatron.execution import execute
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN if number.name == sys.argv[2] else signal.SIG_DFL)
sys.exit(execute(sys.argv[3:], read_dialect("core-0.16"), float(sys.argv[1])))
"""
"""Tests in the background of a shell, or under nohup, ignore some signals: it begins as in a terminal."""
POLITE = """#!/bin/bash
for one in HUP INT QUIT TERM; do trap "echo $one >> heard; sleep 1; exit 5" $one; done
touch begun
while :; do sleep 0.1; done
"""
DEAF = """#!/bin/bash
trap '' HUP INT QUIT TERM
setsid sleep 600 &
touch begun
while :; do sleep 0.1; done
"""
"""As torchrun's, its worker leads a group of its own."""
WORKER = """
import os, signal, time
from pathlib import Path
Path(f"begun.{os.environ['RANK']}").touch()
time.sleep(600)
"""


@contextmanager
def running(folder: Path, grace: float, *words: str, ignored: str = "none") -> Iterator[subprocess.Popen[bytes]]:
    """Execute a command in ``folder`` by a process of its own, which goes on when the files ``begun*`` are there."""
    environment = os.environ | {"PATH": f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-c", RUN, str(grace), ignored, *words]
    with subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True) as process:
        deadline = time.monotonic() + 120
        family = {process.pid}
        try:
            while not list(folder.glob("begun*")):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            family |= descendants(process.pid)
            yield process
        finally:
            for number in family | descendants(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)


def torchrun(folder: Path, text: str) -> str:
    (folder / "torchrun").write_text(text)
    (folder / "torchrun").chmod(0o755)
    return "torchrun"


@pytest.mark.parametrize(
    ("send", "number"),
    [(os.kill, signal.SIGHUP), (os.kill, signal.SIGTERM), (os.killpg, signal.SIGINT), (os.killpg, signal.SIGQUIT)],
    ids=["hang-up", "from a program", "from a terminal", "quit, from a terminal"],
)
def test_a_signal_is_handed_on_once_and_torchrun_waited_for(
    send: Callable[[int, int], None], number: signal.Signals, tmp_path: Path
) -> None:
    with running(tmp_path, 600, torchrun(tmp_path, POLITE)) as process:
        send(process.pid, number)
        assert process.wait(60) == 5
    assert (tmp_path / "heard").read_text() == number.name.removeprefix("SIG") + "\n"


@pytest.mark.parametrize(("grace", "signals"), [(0.5, 1), (600, 2)])
def test_what_does_not_end_is_killed_with_its_workers(grace: float, signals: int, tmp_path: Path) -> None:
    with running(tmp_path, grace, torchrun(tmp_path, DEAF)) as process:
        family = descendants(process.pid)
        assert len(family) >= 2
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)  # two of one kind at the same moment are one
        assert process.wait(60) == 128 + signal.SIGKILL
        assert still_there(family) == set()


def test_workers_of_a_torchrun_that_was_killed_are_killed(tmp_path: Path) -> None:
    with running(tmp_path, 600, torchrun(tmp_path, DEAF)) as process:
        family = descendants(process.pid)
        (leader,) = {number for number, parent in parents().items() if parent == process.pid}
        os.kill(leader, signal.SIGKILL)
        assert process.wait(60) == 128 + signal.SIGKILL
        assert still_there(family) == set()


def test_a_signal_that_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    with running(tmp_path, 600, torchrun(tmp_path, POLITE), ignored="SIGHUP") as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 5
    assert (tmp_path / "heard").read_text() == "TERM\n"


def test_torchrun_itself_leaves_no_worker(tmp_path: Path) -> None:
    (tmp_path / "pretrain_gpt.py").write_text(WORKER)
    words = (
        "torchrun",
        "--nproc-per-node",
        "2",
        "--standalone",
        "--max-restarts",
        "0",
        "--tee",
        "3",
        "pretrain_gpt.py",
    )
    with running(tmp_path, 600, *words) as process:
        family = descendants(process.pid)
        assert len(family) >= 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 1
        assert still_there(family) == set()

"""octopack_data.pipes: a child's output whole and in order, and an end to each wait for it."""

import signal
import subprocess
import threading
from pathlib import Path

import pytest

from octopack_data.pipes import Pipe, SilentChildError, started
from processes import still_there

SLOW = "for n in 1 2 3; do printf 'line %s' $n; sleep 0.05; printf '\\nabc'; done"


def test_lines_and_bytes_come_whole_however_the_child_writes_them() -> None:
    with started(["sh", "-c", SLOW], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        pipe = Pipe(child.stdout, 20)
        found = [pipe.line(), pipe.exactly(3), pipe.line(), pipe.exactly(2), pipe.line(), pipe.exactly(9), pipe.line()]
    assert found == [b"line 1\n", b"abc", b"line 2\n", b"ab", b"cline 3\n", b"abc", b""]


def test_large_contents_and_what_is_left_behind_them() -> None:
    with started(["sh", "-c", "head -c 1000000 /dev/zero; echo end"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        pipe = Pipe(child.stdout, 20)
        assert pipe.exactly(999_999) == bytes(999_999)
        assert pipe.exactly(1) == b"\0"
        assert b"".join(iter(pipe.some, b"")) == b"end\n"


@pytest.mark.parametrize("ignored", ["", "trap '' TERM INT; "])
def test_a_silent_child_is_given_up_and_ended_with_what_it_started(tmp_path: Path, ignored: str) -> None:
    script = f"{ignored}sleep 600 & echo $! > {tmp_path}/pid; echo begun; wait"
    with started(["sh", "-c", script], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert Pipe(child.stdout, 20).line() == b"begun\n"
        silent = Pipe(child.stdout, 0.3)
        with pytest.raises(SilentChildError):
            silent.line()
    assert child.returncode == -signal.SIGKILL
    assert still_there({child.pid, int((tmp_path / "pid").read_text())}) == set()


def test_a_run_that_ends_does_not_wait() -> None:
    stop = threading.Event()
    stop.set()
    with started(["sleep", "600"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert Pipe(child.stdout, 600, stop).line() == b""
    assert child.returncode == -signal.SIGKILL

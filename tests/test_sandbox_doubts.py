"""Ends that the machine may be to blame for: they count only if they happen again with nothing beside them."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from humanevalpack import run_programs
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict
from humanevalpack.sandbox.supervisor import watch
from humanevalpack.sandbox.workers import SUPERVISOR
from processes import named

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python")]


def run(text: str, time_limit: float | None = None) -> Verdict:
    programs = [Program(text=text, language="python", problem=None, profile="reference")]
    (verdict,) = run_programs(programs, sandbox="local", workers=1, time_limit=time_limit)
    return verdict


def test_a_program_killed_from_outside_runs_again() -> None:
    mark = f"hep-{os.getpid()}"
    killer = threading.Thread(target=lambda: os.kill(named(mark), signal.SIGKILL))
    killer.start()
    verdict = run(f"open('/proc/self/comm', 'w').write({mark!r})\nimport time\ntime.sleep(3)")
    killer.join()
    assert verdict.passed, verdict.reason


def test_a_program_that_kills_itself_is_a_runtime_error() -> None:
    verdict = run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert (verdict.status, verdict.signal) == ("runtime_error", "SIGKILL")


PAST_A_LIMIT = {
    "timeout": "while True: pass",
    "memory_limit": "a = [bytearray(1 << 26) for _ in range(100)]\nwhile True: pass",
    "output_limit": "import os\nwhile True: os.write(1, b'x' * 65536)",
}


@pytest.mark.parametrize("status", PAST_A_LIMIT)
def test_who_ended_a_program_that_went_past_a_limit_is_chance_and_not_told(status: str) -> None:
    verdict = run(PAST_A_LIMIT[status], time_limit=1)
    assert (verdict.status, verdict.exit_code, verdict.signal) == (status, None, None)


def exhaust_a_group_of_its_own() -> None:
    """Let the kernel kill one process for want of memory: in a control group of 32 MiB."""
    v1 = Path("/sys/fs/cgroup/memory")
    parent, limit = (v1, "memory.limit_in_bytes") if v1.is_dir() else (Path("/sys/fs/cgroup"), "memory.max")
    group = parent / f"humanevalpack-test-{os.getpid()}"
    group.mkdir()
    try:
        (group / limit).write_text(str(32 << 20))
        enter = f"echo $$ > {group}/cgroup.procs; exec {sys.executable} -c 'bytearray(1 << 28)'"
        assert subprocess.run(["/bin/sh", "-c", enter], check=False).returncode == -signal.SIGKILL
    finally:
        group.rmdir()


@pytest.mark.root
def test_a_failure_while_the_kernel_killed_something_is_in_doubt() -> None:
    before = watch._kills()
    exhaust_a_group_of_its_own()
    assert watch._kills() == before + 1


LATE = """
import os, tempfile, time
from supervisor import watch
from supervisor.cage import Cage
from supervisor.launch import Command
from supervisor.limits import Limits
write = os.write
def late(descriptor, data):
    time.sleep(0.2)
    return write(descriptor, data)
os.write = late
box = tempfile.mkdtemp()
os.chown(box, 2**30, 2**30)
cage = Cage(box, 2**30, namespaces=False, counts_own_processes=False)
print(watch.run(Command(("/bin/false",)), cage, Limits(cpu=5, wall=20, memory=1 << 30)).exit_code)
os.rmdir(box)
"""


@pytest.mark.root
def test_a_program_that_ends_before_it_is_watched_is_no_fault() -> None:
    # in a process of one thread, as the supervisor is
    code = f"import sys; sys.path.insert(0, {str(SUPERVISOR.parent)!r})\n{LATE}"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "1\n", done.stderr


def test_a_signal_without_a_name_is_reported_by_number() -> None:
    verdict = run("import os\nos.kill(os.getpid(), 40)")
    assert (verdict.status, verdict.signal) == ("runtime_error", "signal 40")


def test_where_memory_runs_out_a_program_is_the_first_to_end() -> None:
    verdict = run("assert open('/proc/self/oom_score_adj').read() == '1000\\n'")
    assert verdict.passed, verdict.reason

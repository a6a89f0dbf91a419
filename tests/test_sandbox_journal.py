"""The journal: what was reached is kept whatever ends a run, and counts in the next."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from humanevalpack import run_programs
from humanevalpack.errors import SandboxFault, UsageError
from humanevalpack.programs import Program
from humanevalpack.sandbox import Verdict
from humanevalpack.sandbox.journal import Journal

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python")]

TEXTS = ["assert True", "assert False", "1 / 0", "import os\nos._exit(0)", "assert True"]


def program(text: str, profile: str = "reference") -> Program:
    return Program(text=text, language="python", problem=None, profile=profile)  # type: ignore[arg-type]


def run(journal: Path, texts: list[str] = TEXTS, **options: object) -> list[str]:
    verdicts = run_programs([program(text) for text in texts], sandbox="local", journal=journal, **options)  # type: ignore[arg-type]
    return [verdict.status for verdict in verdicts]


def keys(journal: Path) -> list[str]:
    return [json.loads(line)["key"] for line in journal.read_text().splitlines()[1:]]


def test_a_second_run_runs_nothing_and_answers_the_same(tmp_path: Path) -> None:
    first = run(tmp_path / "journal")
    assert first == ["passed", "failed", "runtime_error", "incomplete", "passed"]
    assert len(keys(tmp_path / "journal")) == 4, "equal programs are one"
    kept = (tmp_path / "journal").read_bytes()
    assert run(tmp_path / "journal") == first
    assert (tmp_path / "journal").read_bytes() == kept


def test_the_whole_verdict_is_kept(tmp_path: Path) -> None:
    (first,) = run_programs([program("print('x' * 100_000)")], sandbox="local", journal=tmp_path / "journal")
    (second,) = run_programs([program("print('x' * 100_000)")], sandbox="local", journal=tmp_path / "journal")
    assert second == first


def test_another_limit_or_profile_is_another_verdict(tmp_path: Path) -> None:
    run(tmp_path / "journal", ["assert True"])
    run(tmp_path / "journal", ["assert True"], time_limit=3)
    list(run_programs([program("assert True", "fixed")], sandbox="local", journal=tmp_path / "journal"))
    assert len(set(keys(tmp_path / "journal"))) == 3


def test_a_line_that_a_kill_has_torn_runs_again(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    run(journal)
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-30])
    assert run(journal) == ["passed", "failed", "runtime_error", "incomplete", "passed"]
    assert len(journal.read_bytes().splitlines()) == len(whole.splitlines()) + 1, "the torn line stays, and one comes"
    assert len(Journal(journal)) == 4


KILLED = """
import sys
from humanevalpack import run_programs
from humanevalpack.programs import Program
def programs():
    for number in range(40):
        text = f"import time\\ntime.sleep(0.1)\\nassert {number} % 3"
        yield Program(text=text, language="python", problem=None, profile="reference")
for verdict in run_programs(programs(), sandbox="local", workers=2, journal=sys.argv[1]):
    print(verdict.status, flush=True)
"""


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    command = [sys.executable, "-c", KILLED, str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline().strip() for _ in range(10)]
        process.send_signal(signal.SIGKILL)
    reached = keys(journal)
    assert 10 <= len(reached) < 40
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    undisturbed = ["passed" if number % 3 else "failed" for number in range(40)]
    assert done.stdout.split() == undisturbed
    assert seen == undisturbed[:10]
    assert keys(journal)[: len(reached)] == reached
    assert len(keys(journal)) == 40, "nothing that was reached ran again"


def test_a_fault_of_ours_is_not_kept(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        journal.put(b"key", Verdict("sandbox_error", "the worker died"))
        assert journal.get(b"key") is None


def test_two_runs_may_share_a_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as one, Journal(tmp_path / "journal") as other:
        for number in range(20):
            (one if number % 2 else other).put(bytes([number]), Verdict("passed", "x" * number * 1000))
        assert one.get(b"\x13") == Verdict("passed", "x" * 19000)
        assert other.get(b"\x12") == Verdict("passed", "x" * 18000)
    assert len(Journal(tmp_path / "journal")) == 20


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text('{"answer": 1}\n')
    with pytest.raises(UsageError, match=r"answers\.jsonl is not a journal"):
        run(tmp_path / "answers.jsonl")
    assert (tmp_path / "answers.jsonl").read_text() == '{"answer": 1}\n'


def test_a_journal_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxFault, match="nowhere"):
        run(tmp_path / "nowhere" / "journal")


FULL_DISK = ["bwrap", "--dev-bind", "/", "/", "--size", "65536", "--tmpfs", "/mnt", "--"]


def test_a_full_disk_loses_and_invents_no_verdict(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom humanevalpack.sandbox.journal import Journal\nfrom humanevalpack.sandbox import Verdict\n"
        "with Journal('/mnt/journal') as journal:\n"
        "    try:\n        for n in range(10**6): journal.put(b'%d' % n, Verdict('passed', 'x' * 1000))\n"
        "    except Exception as error: print(type(error).__name__, error)\n"
        "    assert all(journal.get(b'%d' % m) for m in range(n)) and journal.get(b'%d' % n) is None\n"
        "assert len(Journal('/mnt/journal')) == n > 10\n"
    )
    done = subprocess.run([*FULL_DISK, sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("SandboxFault the journal /mnt/journal cannot be written")
    assert "run the same command again" in done.stdout


def test_memory_does_not_hold_the_verdicts() -> None:
    import tracemalloc

    with Journal(None) as journal:
        tracemalloc.start()
        for number in range(5000):
            journal.put(number.to_bytes(16, "big"), Verdict("failed", "x", output="y" * 4000))
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert held < 5000 * 400

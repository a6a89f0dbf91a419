"""Runs with Java's compile server: the plain way's verdicts, whoever kills the server, and what it may do."""

import os
import signal
from pathlib import Path

import pytest

import humanevalpack as hep
from humanevalpack.programs import Program, program_text
from humanevalpack.sandbox import Verdict
from sandbox_cases import CASES, java

pytestmark = [pytest.mark.toolchain("java"), pytest.mark.namespaces, pytest.mark.xdist_group("programs-java")]
PADDING = "// " + "x" * (1 << 20)
"""Makes a text too large for the server, and nothing else."""


def programs(texts: list[str]) -> list[Program]:
    return [Program(text=text, language="java", problem=None, profile="reference") for text in texts]


def said(verdict: Verdict) -> tuple[object, ...]:
    return verdict.status, verdict.reason, verdict.exit_code, verdict.signal, verdict.output


def assert_same_verdicts(texts: list[str]) -> None:
    asked = list(hep.run_programs(programs(texts), sandbox="local", time_limit=3))
    plain = list(hep.run_programs(programs([text + PADDING for text in texts]), sandbox="local", time_limit=3))
    assert [said(verdict) for verdict in asked] == [said(verdict) for verdict in plain]
    # no compiler of its own: the memory is that of the run, if there was one
    assert {verdict.peak_memory for verdict in asked if verdict.status == "compile_error"} == {0}
    assert 0 not in {verdict.peak_memory for verdict in plain}


def test_the_verdicts_are_the_plain_way_s() -> None:
    problems = hep.load_problems("java", "mini")
    mini = [
        program_text(problem, problem.prompt + solution)
        for problem in problems
        for solution in (problem.canonical_solution, problem.buggy_solution)
    ]
    assert_same_verdicts([text for text, status in CASES["java"].values() if status != "timeout"] + mini)


def servers_of_ours() -> list[int]:
    """The compile servers below this process."""
    parents: dict[int, int] = {}
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if b"humanevalpack.CompileServer" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:  # it ended meanwhile
                continue

    def is_ours(number: int) -> bool:
        while number := parents.get(number, 0):
            if number == os.getpid():
                return True
        return False

    return [number for number in found if is_ours(number)]


def kinds() -> list[object]:
    return ["local", pytest.param("process", marks=pytest.mark.root)]


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.filterwarnings("ignore:sandbox 'process'")
def test_killing_the_server_in_the_middle_of_a_run_loses_no_verdict_and_invents_none(kind: str) -> None:
    texts = [java(f"int i = {number}; return {'42' if number % 3 else 'i'};") for number in range(12)]
    killed: list[int] = []

    def kill(_index: int, _verdict: Verdict) -> None:
        for number in servers_of_ours():
            killed.append(number)
            os.kill(number, signal.SIGKILL)

    verdicts = hep.run_programs(
        programs(texts), sandbox=kind, workers=2, confirm_unsafe=kind == "process", on_verdict=kill
    )
    assert [verdict.status for verdict in verdicts] == ["passed" if number % 3 else "failed" for number in range(12)]
    assert killed
    assert not servers_of_ours()


@pytest.mark.root
@pytest.mark.parametrize("kind", ["local", "process"])
@pytest.mark.filterwarnings("ignore:sandbox 'process'")
def test_the_server_is_nobody(kind: str) -> None:
    seen: list[dict[str, str]] = []

    def look(_index: int, _verdict: Verdict) -> None:
        for number in servers_of_ours():
            lines = Path("/proc", str(number), "status").read_text().splitlines()
            seen.append({key: value.strip() for key, _, value in (line.partition(":") for line in lines)})

    run = hep.run_programs(
        programs([java("return 42;")]), sandbox=kind, workers=1, confirm_unsafe=kind == "process", on_verdict=look
    )
    assert [verdict.status for verdict in run] == ["passed"]
    (status,) = seen
    assert all(int(user) >= 32768 for user in (status["Uid"] + "\t" + status["Gid"]).split())
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"

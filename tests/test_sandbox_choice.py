"""Which sandbox, and what is said where it cannot be had."""

import subprocess
import sys

import pytest

from humanevalpack import run_programs
from humanevalpack.errors import EnvironmentFault, SandboxFault, ToolchainMissing, UsageError
from humanevalpack.programs import Program
from humanevalpack.sandbox import choose_sandbox, namespaces, toolchains

pytestmark = [pytest.mark.namespaces, pytest.mark.toolchain("python")]

RIGHT, WRONG = "assert True", "assert False"


def program(text: str, language: str = "python") -> Program:
    return Program(text=text, language=language, problem=None, profile="reference")


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_wrong_workers(workers: object) -> None:
    with pytest.raises(UsageError, match=r"workers is .*at least 1"):
        run_programs([], workers=workers)  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), True, "10"])
def test_wrong_time_limit(limit: object) -> None:
    with pytest.raises(UsageError, match=r"time_limit is .*above 0"):
        run_programs([], time_limit=limit)  # type: ignore[arg-type]


def test_an_unknown_sandbox_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="auto, docker, local, process"):
        run_programs([], sandbox="chroot")


def test_an_engine_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(EnvironmentFault, match=r"no Docker Engine answers.*DOCKER_HOST"):
        choose_sandbox("docker")


def test_process_must_be_confirmed() -> None:
    with pytest.raises(UsageError, match="confirm_unsafe"):
        run_programs([], sandbox="process")


def test_process_says_what_it_does_not_protect() -> None:
    with pytest.warns(RuntimeWarning, match="network"):
        verdicts = list(run_programs([program(RIGHT), program(WRONG)], sandbox="process", confirm_unsafe=True))
    assert [verdict.status for verdict in verdicts] == ["passed", "failed"]


def test_a_language_without_toolchain_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = toolchains.Toolchain(
        "python", False, "", (), ("python is missing (/usr/bin/python3)",), "sudo install.sh"
    )
    monkeypatch.setattr("humanevalpack.sandbox.workshop.check_toolchains", lambda languages, **_: {"python": lacking})
    with pytest.raises(ToolchainMissing, match=r"/usr/bin/python3.*sudo install\.sh"):
        list(run_programs([program(RIGHT)], sandbox="local"))


def test_refused_namespaces_name_the_alternatives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "BWRAP", "/usr/bin/false")
    with pytest.raises(SandboxFault, match=r"bubblewrap.*docker, or process by name"):
        namespaces.start({}, None)


WITHOUT_NAMESPACES = (
    "bwrap",
    "--unshare-user",
    "--uid",
    "1000",
    "--gid",
    "1000",
    "--disable-userns",
    "--cap-drop",
    "ALL",
)


def in_a_place_without_namespaces(code: str) -> subprocess.CompletedProcess[str]:
    command = [*WITHOUT_NAMESPACES, "--dev-bind", "/", "/", sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_real_refusal_is_reported() -> None:
    done = in_a_place_without_namespaces("from humanevalpack.sandbox import choose_sandbox; choose_sandbox('auto')")
    assert "SandboxFault" in done.stderr
    assert "process by name" in done.stderr
    assert "What failed: " in done.stderr


def test_the_process_sandbox_works_where_namespaces_are_refused() -> None:
    done = in_a_place_without_namespaces(
        "from humanevalpack import run_programs\nfrom humanevalpack.programs import Program\n"
        "p = [Program(text=t, language='python', problem=None, profile='reference')"
        " for t in ('assert True', 'assert False', 'import os; os._exit(0)')]\n"
        "print([v.status for v in run_programs(p, sandbox='process', confirm_unsafe=True)])"
    )
    assert done.stdout == "['passed', 'failed', 'incomplete']\n"
    assert "network" in done.stderr


def test_missing_bubblewrap_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "BWRAP", "/nowhere/bwrap")
    with pytest.raises(SandboxFault, match="/nowhere/bwrap is missing"):
        namespaces.start({}, None)

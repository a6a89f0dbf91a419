"""``humanevalpack doctor``: what it finds of a machine, what mends it, and how it ends."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.doctor import facts, installation, kinds, machine
from humanevalpack.doctor.kinds import kind_facts
from humanevalpack.doctor.machine import machine_facts
from humanevalpack.doctor.tables import summary
from humanevalpack.doctor.tools import tool_facts
from humanevalpack.sandbox import choice, namespaces, toolchains
from humanevalpack.sandbox.conformance import Finding

COMMAND = (sys.executable, "-m", "humanevalpack.commands", "doctor")
NO_NAMESPACES = ("bwrap", "--unshare-user", "--uid", "1000", "--gid", "1000", "--disable-userns", "--cap-drop", "ALL")


def run(*arguments: str, before: tuple[str, ...] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*before, *COMMAND, *arguments]
    settings = os.environ | {"COLUMNS": "100"} | environment
    return subprocess.run(command, capture_output=True, text=True, check=False, env=settings)


def named(found: list[Any], name: str) -> Any:
    return next(fact for fact in found if fact.name == name)


# The whole command.


@pytest.mark.namespaces
@pytest.mark.toolchain("python")
def test_a_machine_that_is_fit_ends_with_0_and_parseable_json() -> None:
    done = run("--sandbox", "local", "--languages", "python", "--json")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert (report["sandbox"], report["exit_code"], report["why_no_sandbox"]) == ("local", 0, "")
    assert all(finding["ok"] for finding in report["findings"])
    assert {"Python", "memory", "sandbox local", "toolchain python", "lm_eval"} <= {
        one["name"] for one in report["facts"]
    }
    assert "checking sandbox local" in done.stderr, "the progress bar keeps off stdout"


@pytest.mark.namespaces
@pytest.mark.toolchain("python")
def test_a_missing_toolchain_ends_with_1_and_the_command_that_installs_it(tmp_path: Path) -> None:
    empty = str(tmp_path)
    done = run("--sandbox", "local", "--languages", "js,python", HUMANEVALPACK_TOOLCHAINS=empty)
    assert done.returncode == 1, done.stdout
    mend = done.stdout[done.stdout.index("To mend:") :]
    assert "npm's js-md5 is missing" in mend
    assert "sandboxes/js/install.sh" in mend
    assert "Fit to judge: python" in mend


@pytest.mark.namespaces
def test_where_nothing_can_run_it_ends_with_3_and_says_what_was_refused() -> None:
    done = run("--sandbox", "local", before=(*NO_NAMESPACES, "--dev-bind", "/", "/"))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "sandbox local" in done.stdout
    assert "To mend:" in done.stdout
    assert "process by name" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sandbox", "jail"), ["jail", "docker, local, process"]),
        (("--languages", "cobol"), ["cobol", "cpp, go, java, js, python, rust"]),
        (("--sandbox", "process"), ["process", "--confirm_run_unsafe_code"]),
        (("--workers", "0"), ["'0'", "at least 1"]),
    ],
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], said: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert all(part in done.stderr for part in said), done.stderr


def test_help_says_the_exit_codes_and_shows_examples() -> None:
    said = " ".join(run("--help").stdout.split())
    assert "Examples: humanevalpack doctor" in said
    assert "3: nothing can be judged here" in said


# The machine.


def test_the_facts_of_this_machine_are_read() -> None:
    found = machine_facts()
    assert str(len(os.sched_getaffinity(0))) in named(found, "cores").value
    assert "GiB" in named(found, "memory").value
    assert os.uname().release in named(found, "system").value


@pytest.mark.parametrize(
    ("setting", "value", "mend"),
    [
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces="),
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "apparmor_parser -r /etc/apparmor.d/bwrap"),
    ],
)
def test_a_kernel_that_refuses_user_namespaces_is_named_with_the_setting_and_the_mend(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str, mend: str
) -> None:
    monkeypatch.setattr(machine, "read", lambda path: value if path == f"/proc/sys/{setting}" else facts.read(path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    fact = machine._user_namespaces()
    assert setting.replace("/", ".") + f"={value}" in fact.value
    assert fact.level == "note"
    assert mend in fact.mend


def test_the_profile_for_apparmor_is_where_the_command_says(project: Path) -> None:
    profile = project / "sandboxes" / "namespaces" / "apparmor-bwrap"
    assert "profile bwrap /usr/bin/bwrap flags=(unconfined)" in profile.read_text("utf-8")


def test_too_little_memory_for_every_core_is_a_note_with_a_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "MemTotal: 2000000 kB\nMemAvailable:    1600000 kB"
    monkeypatch.setattr(machine, "read", lambda path: text if path == "/proc/meminfo" else facts.read(path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3})
    assert machine._memory().mend.endswith("--workers 1")


def test_a_quota_of_a_control_group_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "read", lambda path: "150000 100000")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3})
    fact = machine._cores()
    assert "allows 1.5" in fact.value
    assert fact.mend.endswith("--workers 1")


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [("/proc/1/environ", "PATH=/bin\0container=lxc\0", "lxc"), ("/proc/1/cgroup", "0::/kubepods/pod1", "kubepods")],
)
def test_a_container_is_recognised(monkeypatch: pytest.MonkeyPatch, path: str, text: str, kind: str) -> None:
    monkeypatch.setattr(Path, "exists", lambda self: False)
    monkeypatch.setattr(machine, "read", lambda name: text if name == path else None)
    assert machine.container() == kind


# The sandboxes.


@pytest.fixture
def _try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    choice._try_local.cache_clear()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")


@pytest.mark.usefixtures("_try_again")
@pytest.mark.parametrize(("wanted", "level"), [("local", "problem"), ("auto", "note")])
def test_missing_bubblewrap_is_a_problem_only_where_local_is_wanted(
    monkeypatch: pytest.MonkeyPatch, wanted: str, level: str
) -> None:
    monkeypatch.setattr(namespaces, "BWRAP", "/nowhere/bwrap")
    fact = named(kind_facts(wanted, ["python"]), "sandbox local")
    assert fact.value == "does not work: /nowhere/bwrap is missing"
    assert (fact.level, fact.mend) == (level, "sudo apt-get install bubblewrap")


@pytest.mark.usefixtures("_try_again")
def test_a_bubblewrap_that_is_refused_names_the_setting_and_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "BWRAP", "/usr/bin/false")
    monkeypatch.setattr(kinds, "container", lambda: "Docker")
    monkeypatch.setattr(kinds, "refused_namespaces", lambda: [("x=0", "sudo sysctl -w x=1")])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    fact = named(kind_facts("auto", ["python"]), "sandbox local")
    assert fact.mend.startswith("sudo sysctl -w x=1; ")
    assert "docker run --privileged" in fact.mend


@pytest.mark.usefixtures("_try_again")
def test_an_engine_that_does_not_answer_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    fact = named(kind_facts("docker", ["python"]), "sandbox docker")
    assert fact.level == "problem"
    assert "no Docker Engine answers" in fact.value
    assert "sandboxes/engine/install.sh" in fact.mend
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "systemctl start docker" in named(kind_facts("auto", ["python"]), "sandbox docker").mend


def test_an_engine_that_the_user_may_not_use_says_how_to_be_let_in() -> None:
    assert "usermod -aG docker" in kinds._mend_engine(PermissionError(13, "Permission denied"))


# Toolchains and the package.


@pytest.mark.toolchain("js")
def test_a_tool_that_the_path_shadows_is_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    toolchains._check.cache_clear()
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = tool_facts(["js"], "process")
    assert "/usr/bin/node" in named(found, "toolchain js").value
    assert named(found, "PATH: node").value == f"{node} comes before /usr/bin/node"
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert [fact.name for fact in tool_facts(["js"], "process")] == ["toolchain js"]


def test_missing_data_is_a_problem_that_a_new_installation_mends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("humanevalpack.resources._PACKAGE", tmp_path / "src" / "humanevalpack")
    fact = installation._data()
    assert (fact.level, fact.mend) == ("problem", "pip install --force-reinstall humanevalpack")
    assert "prompts" in fact.value


def test_tasks_that_lm_eval_would_not_find_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installation._lm_eval().level == "fine"
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [])
    assert installation._lm_eval().level == "problem"


def test_the_summary_names_the_languages_that_are_fit() -> None:
    def found(name: str, language: str | None, outcome: Any) -> Finding:
        return Finding(name, language, ("passed",), "", outcome)

    right = [found("passing", "go", "right"), found("passing", "js", "different"), found("network", None, "right")]
    assert summary("local", right) == "sandbox local: 3 checks, 2 right, 1 WRONG. Fit to judge: go"
    escaped = [*right, found("clock", None, "different")]
    assert summary("local", escaped).endswith("Fit to judge: nothing")

"""The project around the code: set-up, constraints, licences, and facts that stand in two places."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.version import __version__


@pytest.fixture(scope="module")
def pyproject(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "pyproject.toml").read_text("utf-8"))


def constraints(project: Path) -> dict[str, str]:
    lines = (project / "constraints.txt").read_text("utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}


def test_every_requirement_that_is_tested_has_a_constraint(project: Path, pyproject: dict[str, Any]) -> None:
    extras = pyproject["project"]["optional-dependencies"]
    wanted = (
        pyproject["project"]["dependencies"]
        + extras["hf"]
        + extras["train"]
        + extras["ray"]
        + extras["report"]
        + extras["inspect"]
        + extras["dev"]
    )
    names = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=]", text)[0]).lower() for text in wanted} - {"humanevalpack"}
    assert names <= set(constraints(project))


def test_torch_is_installed_first_and_by_itself(project: Path) -> None:
    makefile = (project / "Makefile").read_text("utf-8")
    assert constraints(project)["torch"] == "2.13.0"
    assert re.search(r"\$\(STAMPS\)/project: \$\(STAMPS\)/torch", makefile)


TOP = {
    *("src", "prompts", "sandboxes", "tests", "docs", "examples", "benchmarks", ".ci", ".github"),
    *("README.md", "CHANGELOG.md", "LICENSE", "NOTICE", "CITATION.cff", "Makefile", "pyproject.toml"),
    *(".gitignore", ".dockerignore", "constraints.txt", "hatch_build.py"),
}


def test_nothing_else_lies_at_the_top(project: Path) -> None:
    listed = subprocess.run(["git", "-C", str(project), "ls-files", "-z"], capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout")
    assert {name.split("/")[0] for name in listed.stdout.split("\0") if name} == TOP


def test_the_changelog_has_this_version(project: Path) -> None:
    assert f"## {__version__}" in (project / "CHANGELOG.md").read_text("utf-8")


def test_the_readme_has_the_two_commands_and_the_citation(project: Path) -> None:
    readme = (project / "README.md").read_text("utf-8")
    assert all(text in readme for text in ("make demo", "make test", "2308.07124", "muennighoff2023octopack"))


def test_the_notice_names_every_source_with_its_licence(project: Path) -> None:
    notice = (project / "NOTICE").read_text("utf-8")
    licences = {"HumanEval ": "MIT", "HumanEval-X": "Apache License 2.0", "BigCode's models": "OpenRAIL-M"}
    for name, licence in licences.items():
        section = notice[notice.index(f"\n{name}") :].split("\n\n")[0]
        assert licence in section


def test_continuous_integration_runs_make_test(project: Path) -> None:
    script = project / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text("utf-8")
    assert "bash .ci/run" in (project / ".github" / "workflows" / "ci.yml").read_text("utf-8")


def make(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-C", str(project), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def test_help_lists_every_target_and_setting(project: Path) -> None:
    said = make(project, "help").stdout
    assert all(f"make {name}" in said for name in ("demo", "test", "test-full", "lint", "setup", "clean"))
    assert "HUMANEVALPACK_SYSTEM_PACKAGES=off" in said


def test_test_runs_the_linters_and_pytest_after_the_set_up(project: Path) -> None:
    plan = make(project, "--dry-run", "test").stdout
    places = [plan.index(part) for part in ("ruff check", "bin/mypy", "bin/pytest")]
    assert places == sorted(places)


@pytest.mark.xdist_group("together")
def test_tests_of_a_group_stay_on_one_process(request: pytest.FixtureRequest) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:  # the group is part of a test's name there
        assert request.node.nodeid.endswith("@together")


def test_without_a_new_python_the_set_up_ends_with_3_and_says_what_to_install(project: Path, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "constraints.txt", "hatch_build.py", "Makefile"):
        (tmp_path / name).write_bytes((project / name).read_bytes())
    old = tmp_path / "bin" / "python3"
    old.parent.mkdir()
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n', "utf-8")
    old.chmod(0o755)
    for tool in ("bash", "sed", "mkdir", "make", "find", "touch", "rm"):
        (old.parent / tool).symlink_to(subprocess.check_output(["which", tool], text=True).strip())
    done = make(tmp_path, "setup", PATH=str(old.parent), PYTHON="")
    assert done.returncode != 0
    assert "Python 3.11 or newer; found: Python 3.9.2" in done.stderr
    assert "make PYTHON=" in done.stderr

"""The commands of the stages: the same options wherever they mean something."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from octopack_data.commands import COMMANDS, app, commitpack
from octopack_data.commands.late import load
from test_project_architecture import HEAVY

STAGES = (
    "select",
    "fetch",
    "split",
    "filter",
    "shard",
    "optout",
    "deduplicate",
    "redact",
    "decontaminate",
    "split-train",
)
APART = ("split", "filter", "shard", "optout", "redact", "decontaminate")
"""Whose parts are independent, so that they may be worked on anywhere."""


def options(*path: str) -> set[str]:
    said = CliRunner().invoke(app, [*path, "--help"])
    assert said.exit_code == 0
    return set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", said.output, re.MULTILINE))


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_sampled_planned_and_started_anew(stage: str) -> None:
    assert {"--output", "--sample", "--mode", "--workers", "--overwrite", "--dry-run", "--config"} <= options(
        "commitpack", stage
    )


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "select"])
def test_every_stage_reads_any_source_and_writes_any_format(stage: str) -> None:
    assert {"--revision", "--format"} <= options("commitpack", stage)


@pytest.mark.parametrize("stage", STAGES)
def test_stages_of_independent_parts_run_on_every_executor(stage: str) -> None:
    assert ({"--executor", "--slurm"} <= options("commitpack", stage)) == (stage in APART)


@pytest.mark.parametrize("stage", ["split", "filter", "deduplicate", "decontaminate"])
def test_stages_in_which_rows_leave_can_list_them(stage: str) -> None:
    assert {"--excluded-share", "--excluded-contents"} <= options("commitpack", stage)


@pytest.mark.parametrize(
    "path", [("commitpack", "export"), ("stats", "licences"), ("stats", "changes"), ("stats", "languages")]
)
def test_what_reads_much_and_is_no_stage_has_a_dry_run_too(path: tuple[str, ...]) -> None:
    assert {"--dry-run", "--overwrite"} <= options(*path)


LATE: dict[tuple[str, ...], tuple[str, str]] = {(name,): said for name, said in COMMANDS.items()}
LATE |= {("commitpack", name): said for name, said in commitpack.COMMANDS.items()}
"""Path of a command that is imported when it is called -> where it is, and the line that its group has of it."""


def below(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    if path not in {late[:-1] for late in LATE}:
        for name, one in getattr(command, "commands", {}).items():
            yield from below((*path, name), one)


EVERY = {path: one for late, (place, _) in LATE.items() for path, one in below(late, load(late[-1], place))}
"""Every command and group but the first."""


@pytest.mark.parametrize("path", LATE, ids=" ".join)
def test_the_line_that_a_group_has_of_a_command_is_the_command_s_own(path: tuple[str, ...]) -> None:
    assert " ".join(EVERY[path].help.split("\n\n")[0].split()) == LATE[path][1]


@pytest.mark.parametrize("name", sorted({*COMMANDS} & {*commitpack.COMMANDS}))
def test_a_command_that_stands_in_two_groups_is_the_same_one(name: str) -> None:
    assert COMMANDS[name] == commitpack.COMMANDS[name]


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_options_spell_licence_in_one_way(path: tuple[str, ...]) -> None:
    spelt = [option for one in EVERY[path].params for option in one.opts]
    assert [option for option in spelt if "license" in option] == []


GROUPS = ("", "config", "config show", "commitpack", "commitpack run")
"""Of these no settings class is made for a help text."""


@pytest.mark.parametrize("path", ["", *map(" ".join, EVERY)])
def test_a_help_text_imports_nothing_heavy(path: str) -> None:
    code = """if True:
        import sys
        from octopack_data.commands import main
        try:
            main([*sys.argv[1:], "--help"])
        finally:
            print(*sys.modules, file=sys.stderr)
    """
    done = subprocess.run([sys.executable, "-c", code, *path.split()], capture_output=True, text=True, check=True)
    assert "Usage: " in done.stdout
    heavy = HEAVY | {"yaml", "orjson", "rich", "zstandard"} | ({"octopack_data.settings"} if path in GROUPS else set())
    assert heavy & set(done.stderr.split()) == set()

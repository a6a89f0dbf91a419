"""The commands of the stages: the same options wherever they mean something."""

import re

import pytest
from typer.testing import CliRunner

from octopack_data.commands import app

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
    said = CliRunner().invoke(app, ["commitpack", *path, "--help"])
    assert said.exit_code == 0
    return set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", said.output, re.MULTILINE))


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_sampled_planned_and_started_anew(stage: str) -> None:
    assert {"--output", "--sample", "--mode", "--workers", "--overwrite", "--dry-run", "--config"} <= options(stage)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "select"])
def test_every_stage_reads_any_source_and_writes_any_format(stage: str) -> None:
    assert {"--revision", "--format"} <= options(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_stages_of_independent_parts_run_on_every_executor(stage: str) -> None:
    assert ({"--executor", "--slurm"} <= options(stage)) == (stage in APART)


@pytest.mark.parametrize("stage", ["split", "filter", "deduplicate", "decontaminate"])
def test_stages_in_which_rows_leave_can_list_them(stage: str) -> None:
    assert {"--excluded-share", "--excluded-contents"} <= options(stage)


@pytest.mark.parametrize("path", [("export",), ("stats", "licences"), ("stats", "changes")])
def test_what_reads_much_and_is_no_stage_has_a_dry_run_too(path: tuple[str, ...]) -> None:
    assert {"--dry-run", "--overwrite"} <= options(*path)

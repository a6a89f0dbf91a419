"""Shards of a run: joined they are the whole, a missing one is named, and the job scripts of ``examples`` make them."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import row
from humanevalpack.errors import InputError
from humanevalpack.results import RunFolder, new_manifest
from test_run import FLAGS, NAMES, TINY

pytest_plugins = ["tiny_models"]
pytestmark = [pytest.mark.xdist_group("run"), pytest.mark.toolchain("python")]

# A Slurm that runs the jobs of an array one after the other, here.
SBATCH = """#!/usr/bin/env bash
set -euo pipefail
array=1-1 log=/dev/stdout
while [[ $1 == --* ]]; do
  case $1 in
    --array=*) array=${1#*=} ;;
    --export=ALL,*) export "${1#--export=ALL,}" ;;
    --dependency=afterok:*) [[ -e $SBATCH_DONE/${1##*:} ]] ;;
  esac
  shift
done
number=$(ls "$SBATCH_DONE" | wc -l)
for ((job = 1; job <= ${array#*-}; job++)); do
  SLURM_ARRAY_TASK_ID=$job SLURM_ARRAY_TASK_COUNT=${array#*-} SLURM_JOB_ID=$number bash "$@" >&2
done
touch "$SBATCH_DONE/$number"
echo "$number"
"""


def answers(run: hep.Run) -> list[tuple[str, str, int, str, str]]:
    return [(s.task, s.task_id, s.sample, s.generation, s.status) for s in run.samples]


@pytest.fixture(scope="module")
def whole(untrained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> hep.Run:
    return hep.run(untrained_model, output=tmp_path_factory.mktemp("whole") / "run", **TINY)


@pytest.mark.parametrize(("by", "of"), [("problem", 3), ("task", 2)])
def test_shards_joined_are_the_whole(
    by: str, of: int, whole: hep.Run, untrained_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    parts: dict[str, Any] = {**TINY, "output": folder, "shard_by": by}
    for number in [number for number in range(1, of + 1) if number != 2]:
        hep.run(untrained_model, shard=f"{number}/{of}", **parts)
    shards = sorted(folder.iterdir())
    incomplete = hep.merge_generations(shards, folder)
    assert incomplete.missing_shards == [f"shard 2/{of} by {by} is missing"]
    hep.run(untrained_model, shard=f"2/{of}", **parts)
    merged = hep.merge_generations(sorted(folder.glob("shard-*")), folder, overwrite=True)
    assert (merged.missing_shards, merged.missing, merged.generations) == ([], {}, len(whole.samples))
    assert answers(hep.read_run(folder)) == answers(whole)
    monkeypatch.setattr("lm_eval.simple_evaluate", None)
    assert answers(hep.run(untrained_model, **{**TINY, "output": folder})) == answers(whole)
    assert hep.run(untrained_model, shard=f"1/{of}", **parts).folder == folder / f"shard-1-of-{of}"


def test_shards_of_two_divisions_are_no_run(untrained_model: Path, tmp_path: Path) -> None:
    one = {**TINY, "tasks": NAMES[2], "output": tmp_path / "run"}
    hep.run(untrained_model, shard="1/3", **one)
    hep.run(untrained_model, shard="2/2", **one)
    with pytest.raises(InputError, match="2/2 by problem"):
        hep.merge_generations(sorted((tmp_path / "run").iterdir()), tmp_path / "merged")


def planned_shard(folder: Path, number: int, **settings: Any) -> Path:
    """A shard's folder as it is made before its model is loaded, with nothing but a first generation in it."""
    plan = hep.plan_run("m", **{"tasks": NAMES[2], "output": folder, "shard": f"{number}/2", **settings})
    facts = {**plan.facts(), "tasks": list(plan.tasks)}
    with RunFolder(plan.folder, new_manifest("m", **facts)) as run:
        run.add_generations([row(NAMES[2], number - 1)])
    return plan.folder


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"limit": 6}, "limit is 6, but None"),
        ({"system_instruction": "x"}, "system_instruction"),
        ({"seed": 7}, "seed"),
    ],
)
def test_shards_that_asked_for_something_else_are_no_run(tmp_path: Path, changed: dict[str, Any], named: str) -> None:
    shards = [planned_shard(tmp_path / "run", 1), planned_shard(tmp_path / "run", 2, **changed)]
    with pytest.raises(InputError, match=f"{named}.*no shards of one run"):
        hep.merge_generations(shards, tmp_path / "merged")


def test_shards_by_task_ask_for_what_the_whole_asks() -> None:
    settings: dict[str, Any] = {"preset": "octopack-paper", "tasks": "humanevalpack", "max_new_tokens": None}
    whole = hep.plan_run("m", **settings).facts()["asked"]
    for number in (1, 2):
        shard = hep.plan_run("m", shard=f"{number}/2", shard_by="task", **settings).facts()["asked"]
        assert {**shard, "tasks": None, "shard": None} == {**whole, "tasks": None, "shard": None}


def test_a_folder_of_shards_says_how_they_are_joined(untrained_model: Path, tmp_path: Path) -> None:
    hep.run(untrained_model, shard="1/3", **{**TINY, "tasks": NAMES[2], "output": tmp_path / "run"})
    with pytest.raises(InputError, match="humanevalpack generations merge"):
        hep.read_run(tmp_path / "run")


@pytest.mark.parametrize("script", ["slurm/submit.sh", "shell/several_gpus.sh", "shell/one_job_a_problem.sh"])
def test_the_job_scripts_make_the_whole(
    script: str, project: Path, whole: hep.Run, untrained_model: Path, tmp_path: Path
) -> None:
    tools, done = tmp_path / "tools", tmp_path / "done"
    for folder in (tools, done):
        folder.mkdir()
    ours = f'#!/bin/sh\nexec "{sys.executable}" -m humanevalpack.commands "$@"\n'
    for name, text in (("sbatch", SBATCH), ("humanevalpack", ours)):
        (tools / name).write_text(text, "utf-8")
        (tools / name).chmod(stat.S_IRWXU)
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "SBATCH_DONE": str(done),
        "RUN": str(tmp_path / "run"),
        "SHARDS": "2",
        "GPUS": "0,1",
        "PROBLEMS": "3",
        "EVALUATE_ARGUMENTS": "--sandbox process --confirm_run_unsafe_code",
    }
    command = ["bash", str(project / "examples" / script), str(untrained_model), *FLAGS]
    for _ in range(2):  # started again, it does nothing new
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)
        assert ended.returncode == 0, ended.stdout + ended.stderr[-3000:]
        assert answers(hep.read_run(tmp_path / "run")) == answers(whole)

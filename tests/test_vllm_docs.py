"""docs/vllm.md is true: its commands for the CPU are run as they stand (make test-vllm), the others' options exist."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from humanevalpack import SCENARIOS, read_generations
from humanevalpack.lm_eval_plugin.options import read_options

pytest_plugins = ["tiny_models"]
pytestmark = pytest.mark.xdist_group("vllm")

MODEL = "results/demo/models/trained"


@pytest.fixture(scope="module")
def blocks(project: Path) -> list[str]:
    """The page's commands, one text for each block of them."""
    found = re.findall(r"```bash\n(.*?)```", (project / "docs" / "vllm.md").read_text("utf-8"), re.DOTALL)
    assert len(found) == 7
    return list(found)


def test_options_in_every_command_are_options(blocks: list[str]) -> None:
    given = [text for block in blocks for text in re.findall(r"--metadata (\S+)", block)]
    assert len(given) == 6
    for text in given:
        pairs = dict(part.split("=", 1) for part in text.split(","))
        assert read_options(pairs, {}, {}).given >= set(pairs)


@pytest.fixture
def folder(tmp_path: Path, trained_model: Path) -> Path:
    """A folder in which the model lies where the page says."""
    (tmp_path / MODEL).parent.mkdir(parents=True)
    (tmp_path / MODEL).symlink_to(trained_model)
    return tmp_path


def shell(command: str, folder: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = f"set -eu\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{command}"
    subprocess.run(["bash", "-c", script], cwd=folder, check=True, env={**os.environ, "PATH": path}, timeout=900)


def tasks_of(folder: Path) -> set[str]:
    return {row.task for row in read_generations(folder).rows}


@pytest.mark.vllm
def test_the_command_for_the_cpu_runs(blocks: list[str], folder: Path) -> None:
    shell(blocks[1], folder)
    assert len(tasks_of(folder / "results" / "vllm")) == 30


@pytest.mark.vllm
def test_two_processes_with_an_engine_each_make_one_run(blocks: list[str], folder: Path) -> None:
    shell(blocks[3], folder)
    expected = {f"humaneval{scenario}-{language}" for scenario in SCENARIOS for language in ("python", "js")}
    assert tasks_of(folder / "results" / "whole") == expected


@pytest.mark.vllm
def test_a_server_answers_as_the_engine_does(blocks: list[str], folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shell(blocks[5].replace("8000", port), folder)
    assert len(tasks_of(folder / "results" / "server")) == 30


@pytest.mark.vllm
def test_batch_invariance_on_a_cpu_ends_the_run_with_3(blocks: list[str], folder: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        shell(f"export VLLM_BATCH_INVARIANT=1\n{blocks[1]}", folder)
    assert failed.value.returncode == 3

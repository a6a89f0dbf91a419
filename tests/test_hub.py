"""The hub as a source: real ``datasets`` code against a hub on loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_server import dataset_files, serve_hub
from humanevalpack.problems import load_problems

READ = """
import json, logging, sys
import humanevalpack as hep
from humanevalpack.errors import HumanEvalPackError
logging.basicConfig(level=logging.WARNING, format="%(message)s")
language, revision = json.loads(sys.argv[1])
try:
    print(json.dumps([problem.row() for problem in hep.load_problems(language, revision=revision)]))
except HumanEvalPackError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    rows = {language: [problem.row() for problem in load_problems(language, "mini")] for language in ("python", "go")}
    first = {language: table[:3] for language, table in rows.items()}
    wrong = {"python": [{"task_id": "Python/0", "prompt": "def f():"}]}
    with serve_hub({"main": dataset_files(rows), "v1": dataset_files(first), "broken": dataset_files(wrong)}) as url:
        yield url


def read(hub: str, home: Path, language: str, revision: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-c", READ, json.dumps([language, revision])]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("language", "revision", "count"), [("python", None, 14), ("go", None, 14), ("go", "v1", 3)])
def test_a_language_is_a_configuration_and_revisions_are_selectable(
    hub: str, tmp_path: Path, language: str, revision: str | None, count: int
) -> None:
    run = read(hub, tmp_path, language, revision)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [problem.row() for problem in load_problems(language, "mini")[:count]]
    assert f"the {language} problems differ from the published HumanEvalPack rows" in run.stderr
    assert "missing: " in run.stderr


@pytest.mark.parametrize(
    ("language", "revision", "words"),
    [
        ("go", "v9", ["UsageError", "no revision 'v9'"]),
        ("rust", None, ["EnvironmentFault", "rust", "dataset=mini"]),
        ("python", "broken", ["InputError", "hub dataset bigcode/humanevalpack, row 1", "'declaration'", "is missing"]),
    ],
)
def test_what_the_hub_lacks_is_named(
    hub: str, tmp_path: Path, language: str, revision: str | None, words: list[str]
) -> None:
    run = read(hub, tmp_path, language, revision)
    assert run.returncode == 1
    for word in words:
        assert word in run.stderr

"""Parts that kill -9 has broken off: whether the run goes on or begins anew, nothing of them is left in any folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from octopack_data.commands import app
from octopack_data.manifests import MARKS, sha256_of
from octopack_data.records import COMMIT_COLUMNS
from octopack_data.rows import write_rows

WHEN = {
    "in the middle of a part": """
from octopack_data.rows import RowWriter
written, write = [], RowWriter.write
def killed(self, row):
    written.append(row)
    return os.kill(os.getpid(), signal.SIGKILL) if len(written) == 17 else write(self, row)
RowWriter.write = killed
""",
    "before a part is marked": """
from octopack_data import parts
write = parts.write_json
def killed(path, value):
    if path.name == "p1.json" and path.parts[-3] == ".parts" and {final}:
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, value)
parts.write_json = killed
""",
}
_FINAL = "not [p for p in path.parts if p in ('.groups', '.duplicates')]"
STAGES = {
    "filter": (["--no-token-rule", "--excluded-share", "1"], ["--no-token-rule"], "excluded"),
    "deduplicate": (["--format", "jsonl"], ["--format", "parquet", "--excluded-share", "0"], "excluded"),
    "split-train": (["--format", "jsonl", "--valid", "0.4"], ["--format", "parquet", "--valid", "0.4"], "train"),
    "redact": (["--format", "jsonl"], ["--format", "parquet"], "found"),
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for part in range(3):
        rows = [
            dict.fromkeys(COMMIT_COLUMNS, "x")
            | {
                "commit": f"{part}{number:039x}",
                "subject": "Add the next number to the table" if number % 2 else "no",
                "old_file": "src/table.py",
                "new_file": "src/table.py",
                "old_contents": f"value = {number % 8}\n",
                "new_contents": f"value = {number % 8} + 1  # jo{part}@corp.io\n",
                "lang": "Python",
                "repos": f"own/r{number}",
            }
            for number in range(12)
        ]
        write_rows(tmp_path / "in" / f"p{part}.jsonl", rows)
    return tmp_path / "in"


def killed(*arguments: str | Path, when: str) -> None:
    program = "import os, signal, sys\n" + WHEN[when].replace("{final}", _FINAL)
    program += "from octopack_data.commands import main\nmain(sys.argv[1:])\n"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, "commitpack", *map(str, arguments)]
    ended = subprocess.run(command, env=environment, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def run(*arguments: str | Path) -> None:
    result = CliRunner().invoke(app, ["commitpack", *map(str, arguments)])
    assert result.exit_code == 0, (result.output, result.exception)


def everything(folder: Path) -> dict[str, str]:
    """All files and folders of an output, hidden ones and unfinished ones, too, and what is in the files."""
    left = {path.relative_to(folder): path for path in folder.rglob("*")}
    return {
        str(name): sha256_of(path) if path.is_file() else "folder"
        for name, path in left.items()
        if name.parts[0] not in (MARKS, "manifest.json")
    }


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("stage", STAGES)
def test_nothing_is_left_of_a_part_that_was_killed(tmp_path: Path, source: Path, stage: str, when: str) -> None:
    first, other, folder = STAGES[stage]
    killed(stage, source, "-o", tmp_path / "on", *first, when=when)
    killed(stage, source, "-o", tmp_path / "anew", *first, when=when)
    assert any(path.is_file() for path in (tmp_path / "anew" / folder).rglob("*"))
    run(stage, source, "-o", tmp_path / "on", *first)
    run(stage, source, "-o", tmp_path / "anew", *other, "--overwrite")
    for name, options in (("on", first), ("anew", other)):
        run(stage, source, "-o", tmp_path / f"{name}-whole", *options)
        assert everything(tmp_path / name) == everything(tmp_path / f"{name}-whole")


@pytest.mark.parametrize("stage", STAGES)
def test_a_file_of_the_user_s_in_such_a_folder_stays(tmp_path: Path, source: Path, stage: str) -> None:
    options, _, folder = STAGES[stage]
    run(stage, source, "-o", tmp_path / "out", *options)
    (tmp_path / "out" / folder / "notes.txt").write_text("mine")
    run(stage, source, "-o", tmp_path / "out", *options, "--overwrite")
    assert (tmp_path / "out" / folder / "notes.txt").read_text() == "mine"

"""The commands oasst, xp3x and stats languages: options like those of every stage, dry runs, resume, exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from data_rows import write
from humanevalpack.errors import HumanEvalPackError, InputError
from oasst_rows import some_trees
from octopack_data.commands import app
from octopack_data.curating import CurateSettings, curate_stage
from octopack_data.dialogue_filters import OasstSettings
from octopack_data.manifests import read_manifest
from octopack_data.oasst import pairs_stage
from octopack_data.parts import Stage, run_stage
from octopack_data.rows import read_rows
from octopack_data.sources import Part, find_parts
from octopack_data.xp3x import Xp3xSettings, xp3x_stage

COMMANDS = (("oasst", "pairs"), ("oasst", "curate"), ("xp3x",), ("stats", "languages"))
every_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@every_command
def test_a_command_has_the_options_of_a_stage(command: tuple[str, ...]) -> None:
    said = call(*command, "--help")
    found = set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", said.output, re.MULTILINE))
    assert {"--output", "--mode", "--overwrite", "--dry-run", "--config", "--revision"} <= found
    assert ({"--workers", "--sample"} <= found) == (command != ("xp3x",))
    assert ({"--executor", "--excluded-share", "--format"} <= found) == (command[0] == "oasst")


def picked(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


STAGES: dict[str, Callable[[list[Part], Path], tuple[Stage, Path]]] = {
    "phrases": lambda parts, folder: (
        pairs_stage(parts, folder / "out", OasstSettings(phrases=picked(folder, "said", "[never]"))),
        folder / "said",
    ),
    "indices": lambda parts, folder: (
        curate_stage(parts, folder / "out", CurateSettings(indices=picked(folder, "said", "p0: [0]"), first_line=0)),
        folder / "said",
    ),
    "table": lambda parts, folder: (
        xp3x_stage(
            parts, folder / "out", Xp3xSettings(table=picked(folder, "said", "families: {a: {files: {p0.jsonl: 1}}}"))
        ),
        folder / "said",
    ),
}


@pytest.mark.parametrize("name", STAGES)
def test_a_file_of_the_user_s_that_changes_while_a_run_is_on_is_refused(tmp_path: Path, trees: Path, name: str) -> None:
    stage, file = STAGES[name](find_parts(trees), tmp_path)
    file.write_text("[other]")
    with pytest.raises(InputError, match="said was changed while a run with it was on"):
        run_stage(stage, progress=False)


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    for number in range(3):
        write(tmp_path / "in" / f"p{number}.jsonl", some_trees())
    return tmp_path / "in"


def test_pairs_are_written_counted_and_not_made_twice(tmp_path: Path, trees: Path) -> None:
    words = ("oasst", "pairs", trees, "-o", tmp_path / "out", "--code", "fenced")
    said = call(*words)
    assert said.output.split() == ["9", "rows", "3", "kept", "3", "dropped_no_code", "3", "dropped_no_reply"]
    manifest = tmp_path / "out" / "manifest.json"
    first = manifest.read_bytes()
    assert call(*words).output == said.output
    assert manifest.read_bytes() == first
    assert isinstance(call(*words, "--languages", "es").exception, HumanEvalPackError)
    assert call(*words, "--languages", "es", "--overwrite").exit_code == 0
    assert read_manifest(tmp_path / "out")["settings"]["languages"] == ["es"]


def test_a_file_of_settings_gives_what_options_do_not(tmp_path: Path, trees: Path) -> None:
    (tmp_path / "how.yaml").write_text("code: fenced\nreplies: all\n")
    call("oasst", "pairs", trees, "-o", tmp_path / "out", "--config", tmp_path / "how.yaml", "--replies", "best")
    settings = read_manifest(tmp_path / "out")["settings"]
    assert (settings["code"], settings["replies"], settings["mode"]) == ("fenced", "best", "fixed")


@pytest.mark.parametrize("command", [("oasst", "pairs"), ("stats", "languages", "--column", "message_tree_id")])
def test_a_dry_run_says_what_would_be_read_and_writes_nothing(
    tmp_path: Path, trees: Path, command: tuple[str, ...]
) -> None:
    said = call(*command, trees, "-o", tmp_path / "out", "--dry-run")
    assert re.fullmatch(r"[\w ]+: 3 parts, 3 files, [\d,]+ bytes -> .*out\n", said.output)
    assert not (tmp_path / "out").exists()


def test_curate_wants_to_know_the_number_of_the_first_line(tmp_path: Path, trees: Path) -> None:
    (tmp_path / "lines.txt").write_text("p0: [0]\np2: [2]\n")
    words = ("oasst", "curate", trees, "-o", tmp_path / "out", "--indices", tmp_path / "lines.txt")
    assert "--first-line is missing: Number of a file's first line" in str(call(*words).exception)
    assert call(*words, "--first-line", "0", "--dry-run").exit_code == 0
    assert not (tmp_path / "out").exists()
    assert call(*words, "--first-line", "0").output.split()[:4] == ["9", "rows", "2", "kept"]
    assert [row["tree"] for row in read_rows(tmp_path / "out" / "data" / "p2.jsonl.zst")] == ["t3"]


def test_xp3x_says_how_many_rows_it_would_draw(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.jsonl", [{"inputs": "i", "targets": "t"}] * 3)
    (tmp_path / "table.yaml").write_text(json.dumps({"families": {"a": {"files": {"a.jsonl": 2}}}}))
    words = ("xp3x", tmp_path / "in", "-o", tmp_path / "out", "--table", tmp_path / "table.yaml")
    said = call(*words, "--dry-run").output
    assert said.startswith("2 rows would be drawn:\nxp3x: 1 parts, 1 files, ")
    assert not (tmp_path / "out").exists()
    assert call(*words).output.split()[:4] == ["3", "rows", "2", "kept"]
    assert "95 of 95 files are missing" in str(call(*words[:4]).exception)


def test_languages_are_printed_and_the_files_named(tmp_path: Path, trees: Path) -> None:
    call("oasst", "pairs", trees, "-o", tmp_path / "pairs")
    said = call("stats", "languages", tmp_path / "pairs", "-o", tmp_path / "counts").output
    assert "| Python | 3 | 50.00 % |" in said
    written = [Path(line) for line in said.splitlines() if not line.startswith("|")]
    assert [path.name for path in written if path.is_file()] == [f"languages.{kind}" for kind in ("csv", "md", "json")]
    drawn = call("figures", "languages", "-o", tmp_path, "--data", written[0], "--style", "paper").output
    assert [Path(line).name for line in drawn.splitlines()] == ["languages.pdf", "languages.png"]


def test_after_kill_9_the_same_command_ends_as_an_undisturbed_run(tmp_path: Path, trees: Path) -> None:
    program = (
        "import os, signal\nimport octopack_data.oasst as o\nfrom pathlib import Path\n"
        "from octopack_data.commands import main\n"
        "inner = o.PairsWork.__call__\n"
        "def call(self, part, output):\n"
        "    if part.name == 'p1': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return inner(self, part, output)\n"
        "o.PairsWork.__call__ = call\n"
        f"main(['oasst', 'pairs', {str(trees)!r}, '-o', {str(tmp_path / 'out')!r}])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "out" / "manifest.json").exists()
    begun = (tmp_path / "out" / "data" / "p0.jsonl.zst").stat().st_mtime_ns
    for output in ("out", "whole"):
        call("oasst", "pairs", trees, "-o", tmp_path / output)
    assert (tmp_path / "out" / "data" / "p0.jsonl.zst").stat().st_mtime_ns == begun
    one, other = (read_manifest(tmp_path / output) for output in ("out", "whole"))
    assert (one["counts"], one["outputs"]) == (other["counts"], other["outputs"])

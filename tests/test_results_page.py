"""docs/results.md: its code and commands run in the order of the page and say what it shows."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.toolchain("python")

_BLOCK = re.compile(r"```(python|console)\n(.*?)```", re.DOTALL)
# Which sandbox a machine has is no matter of the page.
_HERE = ("--sandbox", "process", "--confirm_run_unsafe_code")


def said(command: str, folder: Path) -> str:
    name, *arguments = shlex.split(command)
    assert name == "humanevalpack"
    if arguments[0] == "evaluate":
        arguments += _HERE
    done = subprocess.run(
        [sys.executable, "-m", "humanevalpack.commands", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stderr
    # The progress bar is drawn on stderr.
    return done.stdout + "".join(line for line in done.stderr.splitlines(True) if "judging generations" not in line)


def test_the_page_shows_what_happens(project: Path, tmp_path: Path) -> None:
    blocks = _BLOCK.findall((project / "docs" / "results.md").read_text("utf-8"))
    code = ""
    for kind, text in blocks:
        if kind == "python":
            code += text  # later blocks go on with what earlier ones imported
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            continue
        command, _, shown = text.partition("\n")
        found = said(command.removeprefix("$ "), tmp_path)
        if shown:
            assert [line.rstrip() for line in found.splitlines()] == [line.rstrip() for line in shown.splitlines()]
    assert "0.5 [(2, 1), (2, 1)]\n" in done.stdout
    assert sum(kind == "console" for kind, _ in blocks) == 6

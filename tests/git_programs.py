"""A git of one's own before the machine's on PATH: it writes down each command, and hangs where it shall."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from octopack_data.git import find_git


@contextmanager
def noted_git(folder: Path, monkeypatch: pytest.MonkeyPatch, *, hang: str = "") -> Iterator[Path]:
    """Give the file with the commands of git, one a line; ``hang``: a word of the command that never ends."""
    real, log, program = shutil.which("git"), folder / "commands", folder / "git"
    folder.mkdir(parents=True)
    log.touch()
    hanging = f'case " $* " in *" {hang} "*) exec sleep 600;; esac' if hang else ""
    program.write_text(f'#!/bin/sh\necho "$*" >> {log}\n{hanging}\nexec {real} "$@"\n')
    program.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(folder), prepend=":")
        find_git.cache_clear()
        yield log
    find_git.cache_clear()


def commands(log: Path, name: str) -> list[str]:
    """The commands that were a git of this name (``diff-tree``)."""
    return [line for line in log.read_text().splitlines() if f" {name} " in f" {line} "]

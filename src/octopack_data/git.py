"""git as a child process on repositories and hosts that may be hostile: no shell, no settings, no hooks, no prompt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO

from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.pipes import started

PATIENCE = 1800.0
"""Seconds for a command of git on this machine: large histories take minutes, a disk that is gone takes for ever."""
_KEPT = ("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_EXEC_PATH",
         "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")  # fmt: skip
_OURS = Path(__file__).parent / "data"
_FIXED = {
    "LC_ALL": "C",  # what git says is read
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": str(_OURS / "git.conf"),
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_NO_LAZY_FETCH": "1",  # one round trip a blob otherwise
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull + "/none",  # as replaced objects: other parents than the commit's own
    "GIT_IMPLICIT_WORK_TREE": "0",  # objects alone are read: no file of a work tree, and no index
    "GIT_INDEX_FILE": str(_OURS / "no-index"),
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
}
_SETTINGS = (
    "core.hooksPath=" + os.devnull,
    "core.attributesFile=" + os.devnull,
    "core.commitGraph=false",  # a file in the clone that may tell other parents than the commits do
    "core.sshCommand=false",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "credential.helper=",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
)
_OLDEST = (2, 36)


def git_environment(protocols: str = "none") -> dict[str, str]:
    """Return the whole environment of git: nothing of the user's but the network's settings.

    ``protocols``: what a remote address may be (``http:https``).
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **_FIXED, "GIT_ALLOW_PROTOCOL": protocols}


def git_command(folder: Path, arguments: Sequence[str], settings: Sequence[str] = ()) -> list[str]:
    """Return the argument list of one command in a repository; ``settings``: more of git's (``key=value``)."""
    options = [word for setting in (*_SETTINGS, *settings) for word in ("-c", setting)]
    # Named, not looked for: above a folder that is no repository after all there may be another one.
    place = ".git" if (folder / ".git").exists() else "."
    return [find_git(), *options, "-C", str(folder), f"--git-dir={place}", *arguments]


def run_git(
    folder: Path, *arguments: str, stdout: IO[bytes] | int = subprocess.PIPE, patience: float = PATIENCE
) -> bytes:
    """Run git in a clone on this disk and return what it printed.

    Raises InputError with git's own message, and EnvironmentFault when it takes longer than ``patience`` (seconds).
    """
    code, output, said = ask_git(folder, *arguments, stdout=stdout, patience=patience)
    if code:
        raise InputError(f"{folder}: git {arguments[0]} failed ({said}); try: git -C {folder} fsck")
    return output


def ask_git(
    folder: Path, *arguments: str, stdout: IO[bytes] | int = subprocess.PIPE, patience: float = PATIENCE
) -> tuple[int, bytes, str]:
    """Run git as :func:`run_git` does, where an exit code is an answer; return the code, what it printed and said."""
    command = git_command(folder, arguments)
    with started(command, stdout=stdout, stderr=subprocess.PIPE, env=git_environment()) as child:
        try:
            output, errors = child.communicate(timeout=patience)
        except subprocess.TimeoutExpired as error:
            raise too_slow(folder, arguments[0], patience) from error
    return child.returncode, output or b"", errors.decode("utf-8", "replace").strip()


def too_slow(folder: Path, command: str, patience: float) -> EnvironmentFault:
    """Return what is said of a clone that does not answer."""
    return EnvironmentFault(
        f"{folder}: git {command} did not answer for {patience:g} s. Is its disk there? Leave the clone out, or wait "
        "longer with --git-timeout (of fetch: --clone-timeout)"
    )


@cache
def find_git() -> str:
    """Return git's path; raises EnvironmentFault if there is none, or one without ``cat-file --batch-command``."""
    path = shutil.which("git")
    if path is None:
        raise EnvironmentFault("git is not installed here: apt-get install git (fetch --backend raw-http needs none)")
    said = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST:
        raise EnvironmentFault(f"{path}: {said.strip()!r} is too old: take git 2.36 or later")
    return path

"""git that asks hosts: with a limit of time and of disk, ended with the run, its failures told apart."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from octopack_data.fetch.statuses import Status
from octopack_data.git import git_command, git_environment
from octopack_data.pipes import started

_HTTP = re.compile(r"returned error: (\d{3})")
_GONE = ("not found", "could not read Username", "Authentication failed", "does not appear to be a git repository",
         "does not exist", "not our ref", "unadvertised object", "couldn't find remote ref")  # fmt: skip
_SLOW = ("timed out", "Operation too slow", "Timeout")
_PASSING = ("early EOF", "RPC failed", "unexpected disconnect", "Could not resolve host", "Connection reset",
            "Empty reply", "Failed to connect", "Couldn't connect", "hung up")  # fmt: skip
_COMMANDS = ("cat-file", "diff-tree", "fetch", "init", "ls-tree")
_LOOK = 0.25
"""Seconds between two looks at the size of what git has written."""


class Stopped(Exception):
    """The run ends because of an error elsewhere: what is under way is given up."""


class GitFailed(Exception):
    """git ended with an error. ``again``: another try may help; ``http``: the host's answer, or 0."""

    def __init__(self, returncode: int, stderr: str, status: Status | None = None) -> None:
        super().__init__(stderr)
        self.returncode, self.stderr = returncode, stderr
        said = _HTTP.search(stderr)
        self.http = int(said[1]) if said else 0
        self.status = status or _status_of(stderr, self.http)
        self.again = status is None and (
            self.status in (Status.RATE_LIMITED, Status.TIMEOUT)
            or self.http >= 500
            or (not self.http and self.status == Status.ERROR and any(word in stderr for word in _PASSING))
        )


def _status_of(stderr: str, http: int) -> Status:
    if http == 429:
        return Status.RATE_LIMITED
    if http in (401, 403, 404, 410, 451):
        return Status.GONE
    if any(word in stderr for word in _SLOW):
        return Status.TIMEOUT
    return Status.GONE if not http and any(word in stderr for word in _GONE) else Status.ERROR


@dataclass(frozen=True)
class Git:
    """How git is run. ``protocols``: what a remote address may be (``http:https``; also ``file`` for mirrors)."""

    user_agent: str
    timeout: float
    max_repo_bytes: int
    protocols: str = "http:https"
    stop: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)
    """Set it to end every command that runs."""

    def command(self, folder: Path, arguments: Sequence[str]) -> list[str]:
        """Return the argument list of one command in a repository."""
        return git_command(folder, arguments, (f"http.userAgent={self.user_agent}",))

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the child."""
        return git_environment(self.protocols)

    def run(self, folder: Path, arguments: Sequence[str], stdin: bytes = b"") -> tuple[bytes, str]:
        """Return what a command printed (stdout, stderr).

        Raises GitFailed (also for a command that is too slow, and for a repository that grows too large) and Stopped.
        """
        command = self.command(folder, arguments)
        piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with started(command, env=self.environment(), **piped) as child:
            output, errors = self._communicate(child, folder, stdin, arguments)
        said = errors[-2000:].decode(errors="replace").strip()
        if child.returncode:
            raise GitFailed(child.returncode, said)
        return output, said

    def too_slow(self, arguments: Sequence[str]) -> GitFailed:
        """Return what is said of a command that was given up."""
        command = next((word for word in arguments if word.startswith(_COMMANDS)), "")
        return GitFailed(124, f"git {command} took more than {self.timeout:g} s (--clone-timeout)", Status.TIMEOUT)

    def _communicate(
        self, child: subprocess.Popen[bytes], folder: Path, stdin: bytes, arguments: Sequence[str]
    ) -> tuple[bytes, bytes]:
        left, given = self.timeout, stdin
        while True:
            try:
                return child.communicate(given or None, timeout=_LOOK)
            except subprocess.TimeoutExpired:
                given = b""
                left -= _LOOK
            if self.stop.is_set():
                raise Stopped
            if left <= 0:
                raise self.too_slow(arguments)
            if _bytes_below(folder) > self.max_repo_bytes:
                raise GitFailed(128, f"the repository has more than {self.max_repo_bytes} bytes", Status.TOO_LARGE)


def _bytes_below(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder / "objects"):
        for name in names:
            try:
                total += (Path(root) / name).lstat().st_size
            except OSError:
                continue  # a temporary file that git has just renamed
    return total

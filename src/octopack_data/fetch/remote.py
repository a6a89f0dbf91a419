"""What the two backends that clone share: addresses, places for clones, tries, and how many at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from octopack_data.fetch.git import Git, GitFailed, Stopped
from octopack_data.fetch.limits import Circuit, Pauses
from octopack_data.fetch.wants import Group, Report

_QUIET = ("--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no")


@dataclass(frozen=True)
class Remote:
    """Where clones come from (``address`` with ``{repo}``), where they are put, and with which manners."""

    git: Git
    address: str
    work: Path
    pauses: Pauses
    circuit: Circuit
    at_a_time: int = 2

    def url(self, repo: str) -> str:
        """Return a repository's address; the name has been checked (wants.what_is_wrong)."""
        return self.address.replace("{repo}", repo)

    def fetch(self, folder: Path, repo: str, arguments: Sequence[str], *, promised: bool, stdin: bytes = b"") -> str:
        """Run ``git fetch`` from a repository of the host, again while that may help; return stderr.

        ``promised``: what is missing afterwards was left out by a filter. The remote is told to each command and not
        written down, so that to what reads the clone a missing object is just missing.

        Raises GitFailed, and EnvironmentFault for a host that refuses everything.
        """
        remote = {"url": self.url(repo), "fetch": "+refs/heads/*:refs/heads/*"}
        if promised:
            remote |= {"promisor": "true", "partialclonefilter": "blob:none"}
        settings = [word for name, value in remote.items() for word in ("-c", f"remote.origin.{name}={value}")]
        command = [*settings, "fetch", *_QUIET, *arguments]
        failures = 0
        while True:
            try:
                _, said = self.git.run(folder, command, stdin)
            except GitFailed as failure:
                self.circuit.saw(failure.http)
                failures += 1
                pause = self.pauses.seconds(failures) if failure.again else None
                if pause is None:
                    raise
                if self.git.stop.wait(pause):
                    raise Stopped from failure
            else:
                self.circuit.saw(200)
                return said

    @contextmanager
    def new_repository(self) -> Iterator[Path]:
        """Give an empty bare repository; it is removed at the end."""
        self.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.work, prefix="clone-", ignore_cleanup_errors=True) as folder:
            path = Path(folder).absolute()
            self.git.run(path, ["init", "--quiet", "--bare", "--template=", "--", str(path)])
            yield path

    def each(self, groups: Sequence[Group], one: Callable[[Group, Report], None], report: Report) -> None:
        """Run ``one`` for each group, a few at a time; the first error ends it."""
        with ThreadPoolExecutor(self.at_a_time) as pool:
            running = [pool.submit(one, group, report) for group in groups]
            try:
                for future in running:
                    future.result()
            except BaseException:
                self.git.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

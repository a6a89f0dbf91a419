"""Commits a second of each way to fetch contents, against the release's: python benchmarks/commit_fetch.py --help.

One repository of 2,000 commits on 200 files, made anew, behind a host on loopback in a process of its own (the tests'
git http-backend and raw contents). Every backend gives both contents of each commit, and those of the release's way are
compared byte by byte. On loopback nothing waits: a real network makes the many requests of git-shallow dearer still.
"""

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from fetch_cases import changes_of, settings_for, wants_of
from fetch_servers import Host, host_of, serve_objects
from git_histories import long_history, make_repository
from octopack_data.fetch.backends import Backends
from octopack_data.fetch.cache import BlobCache
from octopack_data.fetch.journal import Journal
from octopack_data.fetch.settings import BackendName
from octopack_data.fetch.wants import Fetched, Group, Want

REPO = "own/long"
BACKENDS: tuple[tuple[BackendName, bool], ...] = (
    ("git-local", True), ("git-local", False), ("git-partial", True), ("git-partial", False), ("raw-http", False),
    ("git-shallow", False),
)  # fmt: skip
"""With the ids of the blobs, as select writes them, or without, as the release's metadata is: then trees are read."""


def _serve(repositories: Path, pipe: Connection) -> None:
    with host_of(repositories) as host:
        pipe.send(host.port)
        pipe.recv()


@contextmanager
def served(repositories: Path) -> Iterator[Host]:
    """Give the addresses of a host in another process."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(repositories, theirs))
    process.start()
    try:
        yield Host(repositories, port=ours.recv())
    finally:
        ours.send("end")
        process.join()


def timed(host: Host, backend: BackendName, wants: tuple[Want, ...], work: Path) -> tuple[dict[int, Fetched], float]:
    """Return what a backend gave under each row, and its seconds, clone and start included."""
    local = {"backend": "git-local", "clones": (host.repositories,)} if backend == "git-local" else {}
    settings = settings_for(host, requests_per_second=1e9, requests_at_a_time=32, **local)
    found: dict[int, Fetched] = {}
    with Journal(work / "journal.jsonl") as journal:
        made = Backends(settings, BlobCache(work / "cache"), work / "clones", {}, threading.Event())
        start = time.perf_counter()
        made.make(backend, journal).fetch([Group(REPO, wants)], lambda _, one: found.update({one.want.row: one}))
        return found, time.perf_counter() - start


def main() -> None:
    """Print one line a backend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=2_000)
    parser.add_argument("--shallow", type=int, default=40, help="commits that git-shallow fetches")
    parser.add_argument("--repeat", type=int, default=1, help="of each, the fastest counts")
    given = parser.parse_args()
    table = Table("backend", "commits", "seconds", "commits/s", "ratio to git-shallow")
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "hosts" / f"{REPO}.git"
        make_repository(repository, long_history(given.commits))
        serve_objects(repository)
        known = wants_of(changes_of(repository, REPO), ids=True)
        unknown = tuple(replace(want, old_sha1="", new_sha1="") for want in known)
        results = {}
        with served(repository.parents[1]) as host:
            for backend, ids in BACKENDS:
                wants = known if ids else unknown
                asked = wants[:: len(wants) // given.shallow][: given.shallow] if backend == "git-shallow" else wants
                name = f"{backend}, ids known" if ids else backend
                results[name] = min(
                    (timed(host, backend, asked, Path(folder) / f"{name}{run}") for run in range(given.repeat)),
                    key=lambda result: result[1],
                )
    oracle, seconds = results["git-shallow"]
    slow = len(oracle) / seconds
    for name, (found, seconds) in results.items():
        same = all((found[row].new, found[row].old) == (one.new, one.old) for row, one in oracle.items())
        rate = len(found) / seconds
        row = (str(len(found)), f"{seconds:.2f}", f"{rate:,.1f}", f"{rate / slow:,.1f}")
        table.add_row(name, *row if same else ("other bytes than git-shallow",))
    Console().print(table)


if __name__ == "__main__":
    main()

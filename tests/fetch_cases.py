"""Wants, backends and settings over the repositories of git_histories."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fetch_servers import Host
from git_histories import git
from octopack_data.fetch.backends import Backends
from octopack_data.fetch.cache import BlobCache
from octopack_data.fetch.journal import Journal
from octopack_data.fetch.settings import BackendName, FetchSettings
from octopack_data.fetch.wants import Fetched, Group, Want
from octopack_data.records import Change
from octopack_data.rows import write_rows
from octopack_data.settings import make_settings

REMOTE: tuple[BackendName, ...] = ("git-partial", "git-shallow", "raw-http")
CONTACT = "https://example.org/me"


def settings_for(host: Host, **values: Any) -> FetchSettings:
    said = {"git_url": host.git_url, "raw_url": host.raw_url, "contact": CONTACT, "tries": 1} | values
    return make_settings(FetchSettings, said)


def fetched(settings: FetchSettings, backend: BackendName, groups: Sequence[Group], work: Path) -> list[Fetched]:
    """Return what a backend gives, in the order of the rows."""
    found: list[Fetched] = []
    made = Backends(settings, BlobCache(work / "cache"), work / "clones", {}, threading.Event())
    with Journal(work / "journal.jsonl") as journal:
        made.make(backend, journal).fetch(groups, lambda _, one: found.append(one))
    return sorted(found, key=lambda one: one.want.row)


def changes_of(repository: Path, repos: str, accept: Callable[[str], bool] = bool) -> list[Change]:
    """Return each file that a commit changed in place, with the ids that the diff tells."""
    changes = []
    for commit in git(repository, "rev-list", "--all", "--reverse").decode().split():
        parents = git(repository, "rev-list", "--parents", "--max-count=1", commit).decode().split()[1:]
        if not parents:
            continue
        raw = git(repository, "diff-tree", "-r", "-z", "--no-renames", parents[0], commit).decode(errors="replace")
        entries = raw.split("\0")
        message = git(repository, "log", "-1", "--format=%B", commit).decode(errors="replace")
        for facts, path in zip(entries[::2], entries[1::2], strict=False):
            _, _, old, new, kind = facts.split()
            if kind == "M" and "\ufffd" not in path and accept(path):
                subject = message.partition("\n")[0]
                changes.append(Change(commit, subject, message, repos, path, path, parents[0], old, new))
    return changes


def metadata(path: Path, changes: Sequence[Change], *, ids: bool = True) -> Path:
    """Write CommitPackMeta; without ``ids`` the columns of the release alone."""
    columns = list(Change.__dataclass_fields__)[: None if ids else 6]
    write_rows(path, ({name: getattr(change, name) for name in columns} for change in changes))
    return path


def wants_of(changes: Sequence[Change], *, ids: bool = False) -> tuple[Want, ...]:
    """Return the wants of changes; without the blobs' ids, nothing is known but the parent."""
    return tuple(
        Want(row, one.commit, one.old_file, one.new_file, one.parent, *((one.old_sha1, one.new_sha1) if ids else ()))
        for row, one in enumerate(changes)
    )

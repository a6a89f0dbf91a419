"""What a row wants of a repository, and what a backend gave for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from octopack_data.fetch.statuses import Status
from octopack_data.licences import repositories

OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Want:
    """One row: a commit, the file's path in it and in its first parent, and what the metadata tells of their ids."""

    row: int
    commit: str
    old_file: str
    new_file: str
    parent: str = ""
    old_sha1: str = ""
    new_sha1: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One content, or why there is none; ``gone`` for a path that the commit does not have."""

    status: Status
    content: bytes = b""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one repository gave for one want."""

    want: Want
    new: Side
    old: Side


@dataclass(frozen=True, slots=True)
class Group:
    """All wants that one repository is asked for."""

    repo: str
    wants: tuple[Want, ...]

    def failed(self, status: Status, detail: str) -> list[Fetched]:
        """Return the same failure for every want; it names the repository."""
        side = Side(status, detail=f"{self.repo}: {detail}")
        return [Fetched(want, side, side) for want in self.wants]


Report = Callable[[Group, Fetched], None]
"""Takes each want's result as soon as it is there, from any thread."""


class Backend(Protocol):
    """One way to get contents. Every want of every group is reported exactly once."""

    def fetch(self, groups: Sequence[Group], report: Report) -> None:
        """Raise EnvironmentFault where going on makes no sense (a host that refuses everything)."""


def what_is_wrong(repo: str, want: Want, *, local: bool = False) -> str:
    """Return why a want is never sent anywhere, or "": names and paths are data from strangers.

    A repository's name becomes part of an address (not so if it is ``local``: it is looked up), an id an argument of
    git, a path a part of an address.
    """
    if not local and (not _REPOSITORY.fullmatch(repo) or repo.rpartition("/")[2] in (".", "..")):
        return f"{repo[:100]!r} is not owner/name"
    for name in ("commit", "parent", "old_sha1", "new_sha1"):
        value = getattr(want, name)
        if not OBJECT_ID.fullmatch(value) and (value or name == "commit"):
            return f"{name} {value[:100]!r} is not an object id"
    for path in (want.old_file, want.new_file):
        if not _is_utf8(path) or "\0" in path or any(piece in ("", ".", "..", ".git") for piece in path.split("/")):
            return f"{path[:100]!r} is not a path in a repository"
    return ""


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON may hold
        return False
    return True


def repository_order(repos: str, most: int) -> list[str]:
    """Return the distinct names of a row's comma-joined ``repos`` in the order in which they are tried.

    Owners with the fewest of them come first (one with many copies is rather a mirror than the origin), then by name.
    """
    names = sorted(repositories(repos))
    owners = [name.partition("/")[0].lower() for name in names]
    return sorted(names, key=lambda name: (owners.count(name.partition("/")[0].lower()), name))[:most]

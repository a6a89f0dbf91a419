"""What became of a row: the release's exit code and stderr are made from it, and not the other way round."""

from enum import StrEnum


class Status(StrEnum):
    """How the fetch of a row (or of one side of it) ended."""

    OK = "ok"
    ADDED = "added"
    """The file is not in the parent: new text, and "" as old text, as in the release."""
    NO_PARENT = "no_parent"
    """The commit has no parent, or none that is known here: new text, and "" as old text."""
    GONE = "gone"
    """No repository (404, 410, 451, a login asked for), no such commit, or no such path in it."""
    BINARY = "binary"
    NOT_UTF8 = "not_utf8"
    TOO_LARGE = "too_large"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    LFS_POINTER = "lfs_pointer"
    TRUNCATED = "truncated"
    """Fewer bytes than the host announced, or bytes that do not have the blob id of the diff."""
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    ERROR = "error"


WITH_CONTENTS = frozenset({Status.OK, Status.ADDED, Status.NO_PARENT})
"""Rows that have a text; all others have none."""

OF_THE_CONTENT = WITH_CONTENTS | {
    Status.BINARY, Status.NOT_UTF8, Status.TOO_LARGE, Status.SYMLINK, Status.SUBMODULE, Status.LFS_POINTER,
}  # fmt: skip
"""The same in every fork, because a commit's id decides its contents: no other repository is asked."""

_HOPE = (Status.RATE_LIMITED, Status.TIMEOUT, Status.TRUNCATED, Status.ERROR, Status.GONE)


def most_hopeful(statuses: list[Status]) -> int:
    """Return the place of the status to report when every repository failed: one that a later try may mend first."""
    return min(range(len(statuses)), key=lambda place: (_HOPE.index(statuses[place]), place))


def returncode(status: Status) -> int:
    """Return the release's exit code: 0 where there is a text, else git's for "fatal" (124 for a timeout)."""
    return 0 if status in WITH_CONTENTS else 124 if status == Status.TIMEOUT else 128


def stderr(status: Status, detail: str) -> str:
    """Return the release's stderr: "" where there is a text, else "fatal: " and why."""
    return "" if status in WITH_CONTENTS else f"fatal: {status}" + (f": {detail}" if detail else "")

"""Backend git-local: clones that are on this machine; nothing leaves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from octopack_data.fetch.git import Git, GitFailed
from octopack_data.fetch.reading import read_located
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.trees import by_ids, locate, only_trees_tell
from octopack_data.fetch.wants import Group, Report

BATCH = 5_000
"""Rows whose trees are compared by one process: bounds what their changed paths take in memory."""


@dataclass(frozen=True)
class GitLocal:
    """Reads the clones that are known by the names of their repositories."""

    clones: Mapping[str, Path]
    git: Git
    max_bytes: int

    def fetch(self, groups: Sequence[Group], report: Report) -> None:
        """Read one repository after the other: the disk is what limits."""
        for group in groups:
            folder = self.clones.get(group.repo)
            if folder is None:
                for failure in group.failed(Status.GONE, "no clone of it is here"):
                    report(group, failure)
                continue
            for batch in batches(group):
                read_wants(self.git, folder, batch, self.max_bytes, report)


def batches(group: Group) -> Iterator[Group]:
    """Cut a group into ones of at most BATCH rows."""
    for start in range(0, len(group.wants), BATCH):
        yield Group(group.repo, group.wants[start : start + BATCH])


def read_wants(git: Git, folder: Path, group: Group, max_bytes: int, report: Report) -> None:
    """Report what a repository that has all its objects gives; its damage is the failure of what is left."""
    left = {want.row: want for want in group.wants}
    try:
        for fetched in read_located(git, folder, by_ids(group.wants), max_bytes):
            if not only_trees_tell(fetched):
                report(group, fetched)
                del left[fetched.want.row]
        for fetched in read_located(git, folder, locate(git, folder, list(left.values())), max_bytes):
            report(group, fetched)
            del left[fetched.want.row]
    except GitFailed as failure:
        for failed in Group(group.repo, tuple(left.values())).failed(failure.status, failure.stderr):
            report(group, failed)

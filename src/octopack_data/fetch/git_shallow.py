"""Backend git-shallow: the release's way, a fresh repository and a shallow fetch for every row. Slow; an oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octopack_data.fetch.git import GitFailed
from octopack_data.fetch.reading import read_located
from octopack_data.fetch.remote import Remote
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.trees import Located, first_parents, place_of
from octopack_data.fetch.wants import Fetched, Group, Report, Side, Want


@dataclass(frozen=True)
class GitShallow:
    """Fetches each commit with its parent, depth 2, and looks both paths up in their trees."""

    remote: Remote
    max_bytes: int

    def fetch(self, groups: Sequence[Group], report: Report) -> None:
        """Go through the rows of each repository one by one."""
        self.remote.each(groups, self._fetch_group, report)

    def _fetch_group(self, group: Group, report: Report) -> None:
        for want in group.wants:
            try:
                fetched = self._fetch_want(group.repo, want)
            except GitFailed as failure:
                side = Side(failure.status, detail=failure.stderr)
                fetched = Fetched(want, side, side)
            report(group, fetched)

    def _fetch_want(self, repo: str, want: Want) -> Fetched:
        git = self.remote.git
        with self.remote.new_repository() as folder:
            self.remote.fetch(folder, repo, ["--depth=2", "origin", want.commit], promised=False)
            parent = first_parents(git, folder, [want.commit]).get(want.commit)
            if parent is None:
                side = Side(Status.GONE, detail="no such commit")
                return Fetched(want, side, side)
            old = place_of(git, folder, parent, want.old_file) if parent else Side(Status.NO_PARENT)
            located = Located(want, place_of(git, folder, want.commit, want.new_file), old)
            return next(read_located(git, folder, [located], self.max_bytes))

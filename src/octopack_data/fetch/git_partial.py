"""Backend git-partial: a clone without contents, then all wanted blobs of a repository in a few requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from octopack_data.fetch.git import GitFailed
from octopack_data.fetch.git_local import batches, read_wants
from octopack_data.fetch.reading import Known, nothing_known, read_located
from octopack_data.fetch.remote import Remote
from octopack_data.fetch.statuses import Status
from octopack_data.fetch.trees import Located, by_ids, first_parents, locate, only_trees_tell
from octopack_data.fetch.wants import Fetched, Group, Report, Side

_NOT_THERE = re.compile(r"not our ref ([0-9a-f]{40,64})")
_NO_FILTERS = "filtering not recognized"
_NO_IDS = "unadvertised object"
_FILTER = "--filter=blob:none"
_FEW = 2
"""Commits that are fetched alone with their parents, without the history; and ids of the metadata that a host may not
have before trees are asked instead."""
_MOST_MISSING = 20
"""Ids that a host may not have before the rest of a batch is given up: each costs a request."""


@dataclass(frozen=True)
class GitPartial:
    """Fetches blob ids in bulk; those that the metadata does not name are found in trees, by a clone without blobs.

    A host without filters gives a whole clone, one that serves no ids is asked for one; all is then read from that.
    """

    remote: Remote
    max_bytes: int
    known: Known = nothing_known

    def fetch(self, groups: Sequence[Group], report: Report) -> None:
        """Clone some repositories at a time; a clone is removed when its rows are read."""
        self.remote.each(groups, self._fetch_group, report)

    def _fetch_group(self, group: Group, report: Report) -> None:
        left = {want.row: want for want in group.wants}

        def note(of: Group, fetched: Fetched) -> None:
            report(of, fetched)
            del left[fetched.want.row]

        try:
            try:
                self._fetch_partial(group, note)
            except GitFailed as failure:
                if _NO_IDS not in failure.stderr:
                    raise
                self._fetch_whole(Group(group.repo, tuple(left.values())), note)
        except GitFailed as failure:
            for failed in Group(group.repo, tuple(left.values())).failed(failure.status, failure.stderr):
                report(group, failed)

    def _fetch_partial(self, group: Group, report: Report) -> None:
        with self.remote.new_repository() as folder:
            left = self._read_by_ids(folder, group, report)
            if not left.wants:
                return
            commits = sorted({want.commit for want in left.wants})
            said = ""
            if len(commits) > _FEW:
                said = self.remote.fetch(folder, group.repo, [_FILTER, "origin"], promised=True)
            # Those that no branch has any more, too: hosts keep them.
            there = first_parents(self.remote.git, folder, commits).keys()
            self._get(folder, group.repo, sorted({*commits} - there), "--depth=2")
            for batch in batches(left):
                if _NO_FILTERS in said:
                    read_wants(self.remote.git, folder, batch, self.max_bytes, report)
                else:
                    located = locate(self.remote.git, folder, batch.wants)
                    for fetched in self._read(folder, batch, located):
                        report(batch, fetched)

    def _read_by_ids(self, folder: Path, group: Group, report: Report) -> Group:
        """Report what the blobs alone tell; return what is left for the trees."""
        left = {want.row: want for want in group.wants}
        for batch in batches(group):
            for fetched in self._read(folder, batch, by_ids(batch.wants), most_missing=_FEW):
                if not only_trees_tell(fetched):
                    report(batch, fetched)
                    del left[fetched.want.row]
        return Group(group.repo, tuple(left.values()))

    def _fetch_whole(self, group: Group, report: Report) -> None:
        with self.remote.new_repository() as folder:
            self.remote.fetch(folder, group.repo, ["origin"], promised=False)
            for batch in batches(group):
                read_wants(self.remote.git, folder, batch, self.max_bytes, report)

    def _read(
        self, folder: Path, group: Group, located: Sequence[Located], most_missing: int = _MOST_MISSING
    ) -> Iterator[Fetched]:
        ids = list({name: None for one in located for name in one.ids()})
        held = frozenset(name for name in ids if self.known(name) is not None)
        wanted = [name for name in ids if name not in held]
        missing = self._get(folder, group.repo, wanted, most_missing=most_missing)
        there = [_without(one, missing) for one in located]
        yield from read_located(self.remote.git, folder, there, self.max_bytes, self.known, held)

    def _get(
        self, folder: Path, repo: str, ids: Sequence[str], *options: str, most_missing: int = _MOST_MISSING
    ) -> frozenset[str]:
        """Fetch objects by their ids; return those that the host does not have."""
        missing: set[str] = set()
        while wanted := [name for name in ids if name not in missing]:
            lines = "".join(f"{name}\n" for name in wanted).encode()
            try:
                self.remote.fetch(folder, repo, [*options, _FILTER, "--stdin", "origin"], promised=True, stdin=lines)
                break
            except GitFailed as failure:
                said = _NOT_THERE.search(failure.stderr)
                if said is None:
                    raise
                missing.add(said[1])
                if len(missing) > most_missing:
                    missing |= {*ids}
        return frozenset(missing)


def _without(located: Located, missing: frozenset[str]) -> Located:
    """Take away what the host does not give, although a tree of its names it."""
    if missing.isdisjoint(located.ids()):
        return located
    gone = Side(Status.GONE, detail="the host does not have the blob")
    return Located(located.want, gone, gone)

"""A block of rows: repository after repository until each row has its contents or no repository is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from octopack_data.fetch.addresses import said_without_secrets
from octopack_data.fetch.backends import Backends, backend_for
from octopack_data.fetch.cache import BlobCache
from octopack_data.fetch.contents import Policy, row_status
from octopack_data.fetch.git import Stopped
from octopack_data.fetch.journal import Journal, Outcome
from octopack_data.fetch.settings import BackendName
from octopack_data.fetch.statuses import WITH_CONTENTS, Status
from octopack_data.fetch.wants import Fetched, Group, Report, Side, Want, repository_order, what_is_wrong
from octopack_data.records import Change


def settle(
    changes: Mapping[int, Change], backends: Backends, journal: Journal, done: Callable[[], None]
) -> list[Outcome]:
    """Return the outcome of each row (number in the block -> change), in order; ``done`` is called as each has one.

    What the journal has is not asked for. Raises EnvironmentFault; what has been got by then stays in the journal.
    """
    settings = backends.settings
    orders = {row: repository_order(change.repos, settings.max_repos) for row, change in changes.items()}
    wants = {row: want_of(row, change) for row, change in changes.items()}
    for row, order in orders.items():
        if not order and row not in journal.outcomes:
            journal.note(Outcome(row, Status.ERROR, "", "", detail="the row names no repository"))
    final: dict[int, Outcome] = {}
    finals = _Finals(journal, {row: len(order) for row, order in orders.items()}, done)
    while True:
        for row in orders:
            if row not in final and (outcome := finals.of(row)) is not None:
                final[row] = outcome
        groups: dict[str, list[Want]] = {}
        for row, order in orders.items():
            if row in final:
                continue
            repo = order[len(journal.outcomes.get(row, ()))]
            wrong = what_is_wrong(repo, wants[row], local=bool(settings.clones))
            if wrong:
                journal.note(Outcome(row, Status.ERROR, repo, "", detail=wrong))
            else:
                groups.setdefault(repo, []).append(wants[row])
        if len(final) == len(orders):
            return [final[row] for row in changes]
        _ask(groups, backends, journal, finals)


class _Finals:
    """Rows that have their outcome; each is told once, while others are still asked for."""

    def __init__(self, journal: Journal, repos: Mapping[int, int], done: Callable[[], None]) -> None:
        self._journal, self._repos, self._done = journal, repos, done
        self._told: set[int] = set()
        self._lock = threading.Lock()

    def of(self, row: int) -> Outcome | None:
        """Return a row's outcome if no other repository is to be asked."""
        outcome = self._journal.final(row, self._repos[row])
        with self._lock:
            if outcome is not None and row not in self._told:
                self._told.add(row)
                self._done()
        return outcome


def want_of(row: int, change: Change) -> Want:
    """Return what a row wants, under its number in the block."""
    return Want(row, change.commit, change.old_file, change.new_file, change.parent, change.old_sha1, change.new_sha1)


def _ask(groups: Mapping[str, list[Want]], backends: Backends, journal: Journal, finals: _Finals) -> None:
    """Ask one repository for each row that is left: clones and requests at the same time."""
    chosen: dict[BackendName, list[Group]] = {}
    for repo, wants in groups.items():
        chosen.setdefault(backend_for(wants, backends.settings.backend), []).append(Group(repo, tuple(wants)))
    if not chosen:
        return
    noting = _Noting(journal, backends.cache, backends.settings.policy(), backends, finals)
    with ThreadPoolExecutor(len(chosen)) as pool:
        running = [
            pool.submit(backends.make(name, journal).fetch, some, noting.under(name)) for name, some in chosen.items()
        ]
        try:
            for future in as_completed(running):
                future.result()
        except BaseException:
            backends.stop.set()
            raise


@dataclass(frozen=True)
class _Noting:
    """Puts what a backend gives into the cache, then into the journal: in this order, whatever ends the run between."""

    journal: Journal
    cache: BlobCache
    policy: Policy
    backends: Backends
    finals: _Finals

    def under(self, via: BackendName) -> Report:
        def report(group: Group, fetched: Fetched) -> None:
            if self.backends.stop.is_set():
                raise Stopped
            status, detail = row_status(fetched.new, fetched.old, self.policy)
            new = old = ""
            if status in WITH_CONTENTS:
                new = self._kept(fetched.new)
                old = self._kept(fetched.old) if fetched.old.status == Status.OK else ""
            self.journal.note(
                Outcome(fetched.want.row, status, group.repo, via, new, old, said_without_secrets(detail))
            )
            self.finals.of(fetched.want.row)

        return report

    def _kept(self, side: Side) -> str:
        return self.cache.put(side.content)

"""Which backend gets which repositories, made from the settings."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from octopack_data.clones import Names, find_clones
from octopack_data.fetch.addresses import check_address
from octopack_data.fetch.cache import BlobCache
from octopack_data.fetch.git import Git
from octopack_data.fetch.git_local import GitLocal
from octopack_data.fetch.git_partial import GitPartial
from octopack_data.fetch.git_shallow import GitShallow
from octopack_data.fetch.journal import Journal
from octopack_data.fetch.limits import Circuit, Pauses
from octopack_data.fetch.raw_http import RawHttp
from octopack_data.fetch.remote import Remote
from octopack_data.fetch.settings import BackendName, FetchSettings
from octopack_data.fetch.wants import Backend, Want

WORTH_A_CLONE = 3
"""Commits of one repository from which on a partial clone needs fewer requests than one GET a content."""


def backend_for(wants: Sequence[Want], backend: BackendName) -> BackendName:
    """Return the backend for the wants of one repository.

    ``auto``: git-partial for several commits, and where the metadata does not name the parent, which only git tells.
    """
    if backend != "auto":
        return backend
    worth = len({want.commit for want in wants}) >= WORTH_A_CLONE or not all(want.parent for want in wants)
    return "git-partial" if worth else "raw-http"


def clones_of(settings: FetchSettings, run: str) -> Mapping[str, Path]:
    """Return the clones by the names of their repositories, looked for once a run (``run`` tells them apart).

    Worker processes that are forked later have it from the one that asked first. Raises InputError, EnvironmentFault.
    """
    return _found(settings.clones, settings.names, settings.clone_timeout, run)


@lru_cache(maxsize=1)
def _found(sources: tuple[Path, ...], names: Names, patience: float, _run: str) -> Mapping[str, Path]:
    clones = find_clones(sources, names=names, patience=patience)
    return MappingProxyType({clone.repo_name: clone.path for clone in clones})


def check_hosts(settings: FetchSettings) -> None:
    """Refuse addresses and contacts with which no request can be made; raises UsageError."""
    if settings.backend == "git-local":
        return
    settings.user_agent()
    if settings.backend in ("auto", "raw-http"):
        check_address(settings.raw_url, ("{repo}", "{commit}", "{path}"), ("https", "http"))
    if settings.backend != "raw-http":
        check_address(settings.git_url, ("{repo}",), ("https", "http", "file"))


@dataclass(frozen=True)
class Backends:
    """Makes backends for one worker of ``share``, which split the limits; all of them stop together.

    ``run``: what all workers of a run have in common.
    """

    settings: FetchSettings
    cache: BlobCache
    work: Path
    circuits: dict[str, Circuit]
    stop: threading.Event
    share: int = 1
    run: str = field(default_factory=lambda: uuid.uuid4().hex)

    def make(self, name: BackendName, journal: Journal) -> Backend:
        """Return a backend; raises UsageError."""
        settings, most = self.settings, self.settings.policy().max_bytes
        if settings.clones:
            return GitLocal(clones_of(settings, self.run), self._git("octopack-data", "none"), most)
        if name == "raw-http":
            return RawHttp(
                settings.raw_url, settings.user_agent(), most, self.cache, journal, self._pauses(),
                self._circuit(settings.raw_url), self.stop, max(1, settings.requests_at_a_time // self.share),
                settings.requests_per_second / self.share, settings.timeout,
            )  # fmt: skip
        scheme = settings.git_url.partition(":")[0]
        git = self._git(settings.user_agent(), "file" if scheme == "file" else "http:https")
        remote = Remote(
            git, settings.git_url, self.work, self._pauses(), self._circuit(settings.git_url),
            max(1, settings.clones_at_a_time // self.share),
        )  # fmt: skip
        return GitShallow(remote, most) if name == "git-shallow" else GitPartial(remote, most, self.cache.get)

    def _git(self, user_agent: str, protocols: str) -> Git:
        return Git(user_agent, self.settings.clone_timeout, self.settings.max_repo_bytes, protocols, self.stop)

    def _pauses(self) -> Pauses:
        return Pauses(self.settings.tries)

    def _circuit(self, address: str) -> Circuit:
        host = check_address(address, (), ("https", "http", "file"))
        return self.circuits.setdefault(host, Circuit(host))

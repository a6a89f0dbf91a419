"""Settings of the stage fetch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from humanevalpack.errors import UsageError
from humanevalpack.version import __version__
from octopack_data.clones import Names
from octopack_data.fetch.addresses import without_secrets
from octopack_data.fetch.contents import Encoding, Policy
from octopack_data.fetch.statuses import Status
from octopack_data.settings import RowSettings, written_settings

BackendName = Literal["auto", "git-local", "git-partial", "git-shallow", "raw-http"]
LARGEST_OF_THE_HOST = 100 * 2**20
"""GitHub takes no larger file: as a limit it changes nothing."""
_MANNERS = ("cache", "contact", "clones_at_a_time", "requests_at_a_time", "requests_per_second", "timeout",
            "clone_timeout", "tries")  # fmt: skip


class FetchSettings(RowSettings):
    """Where contents come from, what counts as text, and with which manners hosts are asked."""

    backend: BackendName = "auto"
    """auto (git-partial for 3 or more commits of a repository, else raw-http), or one of the others for all."""
    clones: tuple[Path, ...] = ()
    """Clones of git-local, or folders that hold them."""
    names: Names = "remote"
    """How a clone got its repository's name, as in select: from the address of origin, or from its path."""
    git_url: str = "https://github.com/{repo}.git"
    """Address of a repository."""
    raw_url: str = "https://raw.githubusercontent.com/{repo}/{commit}/{path}"
    """Address of a file."""
    encoding: Encoding | None = None
    """Bytes that are no UTF-8: drop_invalid (published), skip (fixed: the row has no text) or charset (guess)."""
    max_bytes: int | None = Field(None, gt=0)
    """Largest file; 1000000 in mode fixed, no limit in mode published."""
    max_repo_bytes: int = Field(5 * 10**9, gt=0)
    """Largest clone on disk."""
    max_repos: int = Field(11, gt=0)
    """Repositories of a row that are tried."""
    window: str = ""
    """i/n (0/8 to 7/8): window i of n. published: 8388608 filtered rows each; fixed: equal ones."""
    retry_status: str = ""
    """The source is an earlier output: rows with one of these statuses (timeout,rate_limited) are fetched again, all
    others kept as they are."""
    cache: Path | None = None
    """Folder of contents that stays, for several runs and processes; without it they go when their part is written."""
    contact: str = ""
    """An e-mail or web address of yours, told to hosts with every request; they ask for it."""
    clones_at_a_time: int = Field(2, gt=0)
    """Clones in flight, all workers together."""
    requests_at_a_time: int = Field(16, gt=0)
    """Requests of raw-http in flight, all workers together."""
    requests_per_second: float = Field(50.0, gt=0)
    """Requests of raw-http, all workers together."""
    timeout: float = Field(60.0, gt=0)
    """Seconds for a request of raw-http."""
    clone_timeout: float = Field(1800.0, gt=0)
    """Seconds for a command of git."""
    tries: int = Field(6, gt=0)
    """Tries of a request that a later one may mend."""
    block_rows: int = Field(100_000, gt=0)
    """Rows that are grouped by repository: more of them mean fewer clones and more memory."""

    @field_validator("window")
    @classmethod
    def _window(cls, value: str) -> str:
        numbers = re.fullmatch(r"(\d+)/(\d+)", value)
        if value and not (numbers and int(numbers[1]) < int(numbers[2])):
            raise ValueError("must be i/n with i from 0 to n - 1: 0/8")
        return value

    @field_validator("retry_status")
    @classmethod
    def _statuses(cls, value: str) -> str:
        for name in value.split(",") if value else ():
            if name not in {*Status}:
                raise ValueError(f"{name!r} is no status; there are {', '.join(Status)}")
        return value

    @model_validator(mode="after")
    def _complete(self) -> FetchSettings:
        if (self.backend == "git-local") != bool(self.clones):
            raise ValueError("--backend git-local and --clones FOLDER belong together")
        return self

    def retried(self) -> frozenset[Status]:
        """Return the statuses of the rows that are fetched again; empty: the source is metadata."""
        return frozenset(map(Status, self.retry_status.split(","))) if self.retry_status else frozenset()

    def policy(self) -> Policy:
        """Return what counts as text."""
        fixed = self.mode == "fixed"
        most = self.max_bytes or (1_000_000 if fixed else LARGEST_OF_THE_HOST)
        return Policy(self.encoding or ("skip" if fixed else "drop_invalid"), most, text_only=fixed)

    def user_agent(self) -> str:
        """Return what hosts are told; raises UsageError without a contact."""
        if not self.contact:
            raise UsageError("hosts ask who is calling: --contact you@example.org (or the address of your project)")
        if not self.contact.isprintable():
            raise UsageError(f"contact {self.contact!r}: must be one line")
        return f"octopack-data/{__version__} (+{self.contact})"

    def deciding(self) -> dict[str, Any]:
        """Return the settings that decide about the output; the others may change between a kill and the rest."""
        values = {name: value for name, value in written_settings(self).items() if name not in _MANNERS}
        # A login or a token in an address is the user's secret, and a manifest is shown to others.
        return values | {name: without_secrets(values[name]) for name in ("git_url", "raw_url")}

"""The records between the stages, and the tables that they come from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Mode = Literal["published", "fixed"]
"""``published``: what the released data went through, its defects included; ``fixed``: the same rules, mended."""

SCHEMA_VERSION = 1
"""Of the optional columns beside the release's own."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file that one commit changed in place (CommitPackMeta): known before any content was fetched.

    ``repos`` is comma-joined. ``parent``, ``old_sha1`` and ``new_sha1`` (ids of the commit before and of the two
    contents) are "" where the source does not tell them.
    """

    commit: str
    subject: str
    message: str
    repos: str
    old_file: str
    new_file: str
    parent: str = ""
    old_sha1: str = ""
    new_sha1: str = ""


@dataclass(frozen=True, slots=True)
class Scraped(Change):
    """A change with its contents (Scraped), whether or not there are any.

    ``status`` says how the fetch ended (fetch.statuses.Status), ``returncode`` and ``stderr`` the same as the release
    did. ``fetched_via`` is ``backend:owner/name`` of the repository that gave the contents, ``source`` where the
    metadata is from (``bigquery``, ``gitlog`` or "").
    """

    old_contents: str = ""
    new_contents: str = ""
    status: str = ""
    returncode: int = 0
    stderr: str = ""
    fetched_via: str = ""
    source: str = ""
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class Commit:
    """One row of CommitPack and CommitPackFT: exactly the release's ten columns, in its order."""

    commit: str
    old_file: str
    new_file: str
    old_contents: str
    new_contents: str
    subject: str
    message: str
    lang: str
    license: str
    repos: str


CHANGE_COLUMNS = tuple(field.name for field in fields(Change))
SCRAPED_COLUMNS = tuple(field.name for field in fields(Scraped))
COMMIT_COLUMNS = tuple(field.name for field in fields(Commit))


def text_schema(columns: tuple[str, ...]) -> pa.Schema:
    """Return the Arrow schema of a table whose columns all hold text."""
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in columns])


def scraped_schema() -> pa.Schema:
    """Return the Arrow schema of Scraped."""
    import pyarrow as pa

    numbers = ("returncode", "schema_version")
    return pa.schema([(name, pa.int64() if name in numbers else pa.string()) for name in SCRAPED_COLUMNS])


def languages_schema() -> pa.Schema:
    """Return the warehouse's ``languages``: a repository and the bytes of each language in it."""
    import pyarrow as pa

    language = pa.struct([("name", pa.string()), ("bytes", pa.int64())])
    return pa.schema([("repo_name", pa.string()), ("language", pa.list_(language))])


def licenses_schema() -> pa.Schema:
    """Return the warehouse's ``licenses``: a repository and the lower-case key of its licence."""
    return text_schema(("repo_name", "license"))


def commits_schema() -> pa.Schema:
    """Return the warehouse's ``commits``, nested as in the public data set ``github_repos``."""
    import pyarrow as pa

    person = pa.struct(
        [
            ("name", pa.string()),
            ("email", pa.string()),
            ("time_sec", pa.int64()),
            ("tz_offset", pa.int64()),
            ("date", pa.timestamp("us", tz="UTC")),
        ]
    )
    trailer = pa.struct([("key", pa.string()), ("value", pa.string()), ("email", pa.string())])
    difference = pa.struct(
        [
            ("old_mode", pa.int64()),
            ("new_mode", pa.int64()),
            ("old_path", pa.string()),
            ("new_path", pa.string()),
            ("old_sha1", pa.string()),
            ("new_sha1", pa.string()),
            ("old_repo", pa.string()),
            ("new_repo", pa.string()),
        ]
    )
    return pa.schema(
        [
            ("commit", pa.string()),
            ("tree", pa.string()),
            ("parent", pa.list_(pa.string())),
            ("author", person),
            ("committer", person),
            ("subject", pa.string()),
            ("message", pa.string()),
            ("trailer", pa.list_(trailer)),
            ("difference", pa.list_(difference)),
            ("difference_truncated", pa.bool_()),
            ("repo_name", pa.list_(pa.string())),
            ("encoding", pa.string()),
        ]
    )

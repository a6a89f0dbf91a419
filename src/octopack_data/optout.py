"""Opt-out: rows of people who asked not to be in the data, found by the owners in ``repos``.

The list of accounts is always a file of the user's: none is in this package, and no name of it is written anywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from humanevalpack.errors import InputError
from octopack_data.licences import Choice, known_licences, licence_of, repositories
from octopack_data.manifests import sha256_of, version_of
from octopack_data.parts import PartResult, Stage
from octopack_data.records import Mode
from octopack_data.rows import RowWriter, ending, schema_of, text_rows
from octopack_data.sampling import WHOLE, Sample, make_sample
from octopack_data.settings import RowSettings, written_settings
from octopack_data.sources import Part

_ENTRY = re.compile(r"[\w.-]+(/[\w.-]+)?")


class OptOutSettings(RowSettings):
    """What ``optout`` removes, and how it writes the rest."""

    mode: Mode = "fixed"
    """published: a row goes only if `repos` has exactly one entry (repeats count) and its owner is listed, letter case
    counting; fixed: listed repositories leave `repos`, whatever the letter case, and a row without any left goes."""
    opt_out: Path
    """File with one account (or account/repository) a line; lines that begin with # are comments."""
    any: bool = False
    """Mode fixed: remove a row as soon as one of its repositories is listed."""
    licences: Path | None = None
    """Licence map; with it a row whose repositories change gets its licence anew (mode fixed)."""
    licence: Choice = "most_restrictive"
    """Which licence such a row gets if its repositories have several: most_restrictive or first."""
    format: Literal["same", "jsonl.zst", "jsonl", "parquet"] = "same"  # type: ignore[assignment]  # wider than the base's
    """Format of the files; same: that of the input."""


@dataclass(frozen=True)
class OptOut:
    """A list that has been read; ``repr`` shows no name of it."""

    entries: frozenset[str]
    folded: frozenset[str]

    def __repr__(self) -> str:
        return f"OptOut({len(self.entries)} entries)"


def read_opt_out(path: Path) -> OptOut:
    """Read a list of accounts, again if it has changed; raises InputError that names the line by its number only."""
    return _read(path, version_of(path))


@lru_cache(maxsize=1)
def _read(path: Path, _version: tuple[int, int]) -> OptOut:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a list of accounts: {error}") from error
    entries = []
    for number, line in enumerate(lines, start=1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        if not _ENTRY.fullmatch(entry):
            raise InputError(f"{path}, line {number}: must be one account, or account/repository, and nothing else")
        entries.append(entry)
    return OptOut(frozenset(entries), frozenset(entry.casefold() for entry in entries))


def remaining(repos: str, opt_out: OptOut, mode: Mode, *, drop_any: bool = False, fetched_from: str = "") -> str | None:
    """Return a row's ``repos`` without those that are opted out, or None if the row must go.

    ``fetched_from`` is the repository that the content came from, where that is known.
    """
    if mode == "published":
        entries = repos.split(",")
        return None if len(entries) == 1 and _listed(entries[0], opt_out.entries) else repos
    before = repositories(repos)
    left = [repo for repo in before if not _listed(repo.casefold(), opt_out.folded)]
    source_left = not _listed(fetched_from.casefold(), opt_out.folded)
    if len(left) == len(before) and source_left:
        return repos
    return ",".join(left) if left and source_left and not drop_any else None


def fetched_from(row: Mapping[str, Any]) -> str:
    """Return the repository that a row's content came from, "" where the row does not tell (``git-local:ann/x``)."""
    return str(row.get("fetched_via") or "").partition(":")[2]


def _listed(repo: str, entries: frozenset[str]) -> bool:
    return repo in entries or repo.partition("/")[0] in entries


@dataclass(frozen=True)
class ApplyOptOut:
    """The work of the stage ``optout`` on one file."""

    settings: OptOutSettings
    sample: Sample = WHOLE

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Write the part's rows that stay."""
        kind = ending(part.path) if self.settings.format == "same" else f".{self.settings.format}"
        if kind == ".jsonl.gz":
            kind = ".jsonl.zst"
        name = f"data/{part.name}{kind}"
        counts: Counter[str] = Counter(rows=0, kept=0, dropped_opt_out=0, changed=0)
        with RowWriter(output / name, lambda: schema_of(part.path)) as writer:
            for row in self._kept(part.path, counts):
                writer.write(row)
        counts["kept"] = writer.rows
        return PartResult(((name, writer.rows),), counts)

    def _kept(self, path: Path, counts: Counter[str]) -> Iterator[dict[str, Any]]:
        opt_out = read_opt_out(self.settings.opt_out)
        known = known_licences(self.settings.licences, self.settings.mode) if self.settings.licences else None
        for row in self.sample.rows(text_rows(path, ("commit", "repos"), every=True), counts):
            left = remaining(
                row["repos"],
                opt_out,
                self.settings.mode,
                drop_any=self.settings.any,
                fetched_from=fetched_from(row),
            )
            if left is None:
                counts["dropped_opt_out"] += 1
                continue
            if left != row["repos"]:
                counts["changed"] += 1
                row["repos"] = left
                if known is not None:
                    row["license"] = licence_of(repositories(left), known, self.settings.licence)
            yield row


def opt_out_stage(parts: Sequence[Part], output: Path, settings: OptOutSettings) -> Stage:
    """Return the stage that applies a list to rows, finished shards included; the names of their files stay."""
    files = {path: sha256_of(path) for path in (settings.opt_out, settings.licences) if path is not None}
    facts = written_settings(settings) | {"opt_out_sha256": files[settings.opt_out]}
    if settings.licences is not None:
        facts["licences_sha256"] = files[settings.licences]
    read_opt_out(settings.opt_out)
    work = ApplyOptOut(settings, make_sample(settings.sample, parts))
    return Stage("optout", work, tuple(parts), output, facts, files)

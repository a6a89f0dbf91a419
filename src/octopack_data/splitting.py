"""The stage ``split``: fetched rows become CommitPack rows (licence, opt-out, language), one folder a language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from humanevalpack.errors import InputError
from octopack_data.language_files import HELD_BYTES, LanguageFiles, refuse_equal_names
from octopack_data.languages import detected, language_of, load_detector
from octopack_data.licences import UNKNOWN, Choice, known_licences, licence_of, repositories
from octopack_data.manifests import sha256_of
from octopack_data.optout import fetched_from, read_opt_out, remaining
from octopack_data.parts import PartResult, Stage
from octopack_data.records import COMMIT_COLUMNS, Mode
from octopack_data.rows import read_rows
from octopack_data.settings import Settings, written_settings
from octopack_data.sources import Part, find_parts

_NEEDED = tuple(name for name in COMMIT_COLUMNS if name not in ("lang", "license"))


class SplitSettings(Settings):
    """How fetched rows become rows with a licence and a language."""

    mode: Mode = "fixed"
    """published: the release's rules, defects included; fixed: the same rules, mended."""
    licences: Path | None = None
    """Licence map (rows with repos and license); without one a row keeps its own license, or unknown."""
    licence: Choice = "most_restrictive"
    """Mode fixed: which licence a row gets if its repositories have several: most_restrictive or first."""
    opt_out: Path | None = None
    """File with one account (or account/repository) a line whose rows leave; lines that begin with # are comments."""
    opt_out_any: bool = False
    """Mode fixed: a row leaves as soon as one of its repositories is listed."""
    statuses: tuple[str, ...] = ("ok", "added")
    """Mode fixed: statuses of fetched rows that are kept. Rows without a status, and all in mode published, are kept
    unless git's message begins with `fatal`."""
    detector: str = ""
    """package.module:function (path, content, language by the name) -> language, for suffixes of several languages."""
    extra: tuple[str, ...] = ()
    """Columns to keep besides the release's ten; fetched_via lets a later opt-out know where a content came from."""
    format: Literal["jsonl.zst", "jsonl"] = "jsonl.zst"
    """Format of the files; the stage shard makes Parquet of them."""


def commit_row(row: Mapping[str, Any], settings: SplitSettings) -> dict[str, Any] | str:
    """Return a fetched row with ``lang`` and ``license``, in the release's order, or the reason why it is dropped.

    Reasons: ``status_<status>`` (or ``fatal``, where only git's own message tells it) and ``opt_out``.
    """
    if reason := _not_fetched(row, settings):
        return reason
    repos: str = row["repos"]
    if settings.opt_out is not None:
        listed, origin = read_opt_out(settings.opt_out), fetched_from(row)
        left = remaining(repos, listed, settings.mode, drop_any=settings.opt_out_any, fetched_from=origin)
        if left is None:
            return "opt_out"
        repos = left
    language = language_of(row["new_file"], settings.mode)
    if settings.detector:
        language = detected(row["new_file"], row["new_contents"], language, load_detector(settings.detector))
    made = {**row, "repos": repos, "lang": language, "license": _licence(row, repos, settings)}
    return {name: made[name] for name in (*COMMIT_COLUMNS, *settings.extra)}


def _not_fetched(row: Mapping[str, Any], settings: SplitSettings) -> str:
    status = row.get("status") or ""
    if status and settings.mode == "fixed":
        return "" if status in settings.statuses else f"status_{status}"
    return "fatal" if str(row.get("stderr") or "").startswith("fatal") else ""


def _licence(row: Mapping[str, Any], repos: str, settings: SplitSettings) -> str:
    if settings.licences is None:
        return row.get("license") or UNKNOWN
    known = known_licences(settings.licences, settings.mode)
    if settings.mode == "published":
        return licence_of(repos.split(","), known, "first")
    return licence_of(repositories(repos), known, settings.licence)


@dataclass(frozen=True)
class Split:
    """The work of the stage ``split`` on one file: ``data/<language>/<name of the part>``."""

    settings: SplitSettings
    held_bytes: int = HELD_BYTES

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Write the part's rows, each to the file of its language."""
        counts: Counter[str] = Counter(rows=0, kept=0)
        with LanguageFiles(output, part.name, self.settings.format, held_bytes=self.held_bytes) as files:
            for number, row in enumerate(read_rows(part.path), start=1):
                counts["rows"] += 1
                _check(row, f"{part.path}, row {number}", self.settings.extra)
                made = commit_row(row, self.settings)
                if isinstance(made, str):
                    counts[f"dropped_{made}"] += 1
                else:
                    counts["kept"] += 1
                    files.write(made)
        return PartResult(tuple(files.files), counts)


def _check(row: Mapping[str, Any], place: str, extra: tuple[str, ...]) -> None:
    for name in (*_NEEDED, *extra):
        if name not in row:
            raise InputError(f"{place}: no column {name!r}; there are {', '.join(row)}")
    for name in _NEEDED:
        if not isinstance(row[name], str):
            raise InputError(f"{place}: {name} must be text, not {row[name]!r}")


def split_stage(source: str | Path, output: Path, settings: SplitSettings) -> Stage:
    """Return the stage that gives each row its licence and language, and each language its folder."""
    facts = written_settings(settings)
    for name, path in (("licences", settings.licences), ("opt_out", settings.opt_out)):
        if path is not None:
            facts[f"{name}_sha256"] = sha256_of(path)
    if settings.detector:
        load_detector(settings.detector)
    parts = tuple(find_parts(source))
    refuse_equal_names(parts)
    return Stage("split", Split(settings), parts, output, facts)

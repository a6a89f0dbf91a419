"""The stage ``split``: fetched rows become CommitPack rows (licence, opt-out, language), one folder a language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError
from octopack_data.exclusions import Excluded, ExcludedFile, ExclusionSettings, keep_rows
from octopack_data.language_files import HELD_BYTES, LanguageFiles, refuse_equal_names
from octopack_data.languages import detected, language_of, load_detector
from octopack_data.licences import UNKNOWN, Choice, known_licences, licence_of, repositories
from octopack_data.manifests import sha256_of
from octopack_data.optout import fetched_from, read_opt_out, remaining
from octopack_data.parts import PartResult, Stage
from octopack_data.records import COMMIT_COLUMNS, text_schema
from octopack_data.rows import schema_of, text_rows
from octopack_data.sampling import WHOLE, Sample, make_sample
from octopack_data.settings import written_settings
from octopack_data.sources import Part

if TYPE_CHECKING:
    import pyarrow as pa

_NEEDED = tuple(name for name in COMMIT_COLUMNS if name not in ("lang", "license"))


class SplitSettings(ExclusionSettings):
    """How fetched rows become rows with a licence and a language."""

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


def commit_row(row: Mapping[str, Any], settings: SplitSettings) -> dict[str, Any] | Excluded:
    """Return a fetched row with ``lang`` and ``license``, in the release's order, or the reason why it is dropped.

    Reasons: ``status_<status>`` (or ``fatal``, where only git's own message tells it) and ``opt_out``, of which no row
    is written anywhere.
    """
    if reason := _not_fetched(row, settings):
        return Excluded(reason)
    repos: str = row["repos"]
    if settings.opt_out is not None:
        listed, origin = read_opt_out(settings.opt_out), fetched_from(row)
        left = remaining(repos, listed, settings.mode, drop_any=settings.opt_out_any, fetched_from=origin)
        if left is None:
            return Excluded("opt_out", secret=True)
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
    sample: Sample = WHOLE
    held_bytes: int = HELD_BYTES

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Write the part's rows, each to the file of its language."""
        settings = self.settings
        counts: Counter[str] = Counter(rows=0, kept=0)

        def judge(row: dict[str, Any]) -> dict[str, Any] | Excluded:
            missing = [name for name in settings.extra if name not in row]
            if missing:
                place = f"{part.path}, commit {row['commit']}"
                raise InputError(f"{place}: no column {missing[0]!r}; there are {', '.join(row)}")
            return commit_row(row, settings)

        rows = self.sample.rows(text_rows(part.path, _NEEDED, every=True), counts)
        with (
            LanguageFiles(output, part.name, settings.format, self._schema(part), self.held_bytes) as kept,
            ExcludedFile(output, part.name, settings) as excluded,
        ):
            keep_rows(rows, judge, kept.write, excluded, counts)
        return PartResult((*kept.files, *excluded.files), counts)

    def _schema(self, part: Part) -> pa.Schema | None:
        if self.settings.format != "parquet":
            return None
        schema, given = text_schema(COMMIT_COLUMNS), schema_of(part.path)
        for name in self.settings.extra:
            if name in given.names:  # else the first row tells that it is missing
                schema = schema.append(given.field(name))
        return schema


def split_stage(parts: Sequence[Part], output: Path, settings: SplitSettings) -> Stage:
    """Return the stage that gives each row its licence and language, and each language its folder."""
    facts, files = written_settings(settings), {}
    for name, path in (("licences", settings.licences), ("opt_out", settings.opt_out)):
        if path is not None:
            facts[f"{name}_sha256"] = files[path] = sha256_of(path)
    if settings.detector:
        load_detector(settings.detector)
    refuse_equal_names(parts)
    work = Split(settings, make_sample(settings.sample, parts))
    return Stage("split", work, tuple(parts), output, facts, files)

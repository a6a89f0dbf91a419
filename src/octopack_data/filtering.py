"""The stage ``filter``: CommitPack rows to CommitPackFT rows, one file a language and part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import Field

from humanevalpack.errors import UsageError
from octopack_data.exclusions import Excluded, ExcludedFile, ExclusionSettings, keep_rows
from octopack_data.language_files import LanguageFiles, commit_schema, refuse_equal_names
from octopack_data.manifests import sha256_of, version_of
from octopack_data.parts import PartResult, Stage
from octopack_data.records import COMMIT_COLUMNS, Commit
from octopack_data.rows import Skip, text_rows
from octopack_data.rules import Choice, Sieve, read_phrases, read_preset, read_verbs, rules_of
from octopack_data.rules.sieve import KEPT
from octopack_data.rules.tokens import token_rule
from octopack_data.sampling import WHOLE, Sample, make_sample
from octopack_data.settings import written_settings
from octopack_data.sources import Part


class FilterSettings(ExclusionSettings):
    """What decides which rows the stage keeps and how it writes them."""

    preset: str = "starcoder"
    """Filter of the release: starcoder (CommitPackFT), santacoder, bloomz, codegeex, legacy-2023-05."""
    tokenizer: Path | None = None
    """tokenizer.json of the model that tokens are counted for."""
    token_rule: bool = True
    """Count tokens; without, rows of any length are kept."""
    verbs: tuple[Path, ...] = ()
    """Files with the verbs that a subject may begin with, one a line, in place of the 257 English ones."""
    phrases: Path | None = None
    """YAML file with subjects to leave out (whole, parts, jokes), in place of the shipped ones."""
    seed: int = 0
    """Seed of the draw by commit id that decides which version bumps are kept."""
    extra: tuple[str, ...] = ()
    """Columns to keep besides the release's ten: fetched_via, where split kept it, says to a later opt-out which
    repository a content came from."""
    exact_reasons: bool = False
    """Count each dropped row under the first rule that it fails in the release's order; decodes and tokenizes more."""
    excluded_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the dropped rows, drawn by commit id, that `excluded/` lists: commit, file, subject and reason. Without
    any, nine rows of ten need not be decoded."""


def sieve_of(settings: FilterSettings) -> Sieve:
    """Return the rules that settings choose, made anew if a file has changed; raises UsageError and InputError."""
    return _sieve(settings, tuple(map(version_of, files_of(settings))))


def files_of(settings: FilterSettings) -> list[Path]:
    """Return the user's files that decide about the rules."""
    return [*settings.verbs, *(path for path in (settings.tokenizer, settings.phrases) if path is not None)]


@lru_cache(maxsize=4)
def _sieve(settings: FilterSettings, _versions: tuple[tuple[int, int], ...]) -> Sieve:
    preset = read_preset(settings.preset)
    tokens = None
    if settings.token_rule:
        if settings.tokenizer is None:
            raise UsageError(
                f"the preset {settings.preset} counts tokens: give --tokenizer tokenizer.json "
                f"(the release's: hf download {preset.tokens.tokenizer} tokenizer.json), or leave the rule out with "
                "--no-token-rule"
            )
        tokens = token_rule(preset.tokens, settings.tokenizer)
    verbs = read_verbs(settings.verbs, strip=settings.mode == "fixed")
    choice = Choice(preset, settings.mode, verbs, read_phrases(settings.phrases), settings.seed, tokens)
    return Sieve(rules_of(choice), exact_reasons=settings.exact_reasons)


def filter_stage(parts: Sequence[Part], output: Path, settings: FilterSettings) -> Stage:
    """Return the stage; raises UsageError and InputError for settings that cannot work."""
    sieve_of(settings)  # faults of files are said before any row is read
    refuse_equal_names(parts)
    files = files_of(settings)
    hashes = {"files": {str(path): sha256_of(path) for path in files}} if files else {}
    work = FilterWork(settings, make_sample(settings.sample, parts))
    return Stage("filter", work, tuple(parts), output, written_settings(settings) | hashes)


@dataclass(frozen=True)
class FilterWork:
    """The work of the stage on one part."""

    settings: FilterSettings
    sample: Sample = WHOLE

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Write what is kept, and count."""
        sieve, settings = sieve_of(self.settings), self.settings
        counts: Counter[str] = Counter(rows=0, kept=0)

        def judge(row: dict[str, Any]) -> dict[str, Any] | Excluded:
            commit, reason = sieve(Commit(**{name: row[name] for name in COMMIT_COLUMNS}))
            if reason != KEPT:
                return Excluded(reason)
            row["subject"] = commit.subject
            return row

        schema = commit_schema(part.path, settings.extra) if settings.format == "parquet" else None
        skip = self._skip(sieve, counts)
        rows = chain.from_iterable(
            text_rows(path, COMMIT_COLUMNS, also=settings.extra, skip=skip) for path in part.paths
        )
        with (
            LanguageFiles(output, part.name, settings.format, schema) as kept,
            ExcludedFile(output, part.name, settings) as excluded,
        ):
            keep_rows(self.sample.rows(rows, counts), judge, kept.write, excluded, counts)
        return PartResult((*kept.files, *excluded.files), counts)

    def _skip(self, sieve: Sieve, counts: Counter[str]) -> Skip | None:
        """Nine rows of ten are dropped for their subject: where only that is counted, contents are never decoded."""
        settings = self.settings
        if settings.exact_reasons or settings.excluded_share > 0 or self.sample.limit is not None:
            return None

        def skip(line: bytes) -> bool:
            subject = subject_in(line)
            if subject is None or not (reason := sieve.subject_reason(subject)):
                return False
            counts["rows"] += 1
            counts[f"dropped_{reason}"] += 1
            return True

        return skip


_KEY = b'"subject":'


def subject_in(line: bytes) -> str | None:
    """Return the subject of a row's JSON line where it can be cut out as it stands, None where it must be decoded.

    The key is unmistakable: inside of a value its quotes would be escaped. One closing brace behind it says that it
    belongs to the row itself and to no object in it. The last of two equal keys counts, as for a decoder.
    """
    key = line.rfind(_KEY)
    start = key + len(_KEY)
    if line.startswith(b' "', start):
        start += 1
    end = line.find(b'"', start + 1)
    if key < 1 or not line.startswith(b'"', start) or end < 0 or line.count(b"}", end) != 1:
        return None
    try:
        subject = line[start + 1 : end].decode()
    except UnicodeDecodeError:
        return None  # the decoder says what is wrong
    return None if "\\" in subject or line.startswith(b"\\", key - 1) else subject

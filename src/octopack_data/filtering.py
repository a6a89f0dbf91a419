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
from octopack_data.language_files import LanguageFiles, refuse_equal_names
from octopack_data.manifests import sha256_of, version_of
from octopack_data.parts import PartResult, Stage
from octopack_data.records import COMMIT_COLUMNS, Commit, text_schema
from octopack_data.rows import text_rows
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
    excluded_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the dropped rows, drawn by commit id, that `excluded/` lists: commit, file, subject and reason."""


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
    return Sieve(rules_of(choice))


def filter_stage(parts: Sequence[Part], output: Path, settings: FilterSettings) -> Stage:
    """Return the stage; raises UsageError and InputError for settings that cannot work."""
    sieve_of(settings)  # faults of files are said before any row is read
    refuse_equal_names(parts)
    files = {path: sha256_of(path) for path in files_of(settings)}
    said = {"files": {str(path): digest for path, digest in files.items()}} if files else {}
    work = FilterWork(settings, make_sample(settings.sample, parts))
    return Stage("filter", work, tuple(parts), output, written_settings(settings) | said, files)


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
            commit, reason = sieve(Commit(**row))
            if reason != KEPT:
                return Excluded(reason)
            row["subject"] = commit.subject
            return row

        schema = text_schema(COMMIT_COLUMNS) if settings.format == "parquet" else None
        rows = chain.from_iterable(text_rows(path, COMMIT_COLUMNS) for path in part.paths)
        with (
            LanguageFiles(output, part.name, settings.format, schema) as kept,
            ExcludedFile(output, part.name, settings) as excluded,
        ):
            keep_rows(self.sample.rows(rows, counts), judge, kept.write, excluded, counts)
        return PartResult((*kept.files, *excluded.files), counts)

"""The stage ``filter``: CommitPack rows to CommitPackFT rows, one file a language and part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from humanevalpack.errors import UsageError
from octopack_data.draws import is_in_sample
from octopack_data.language_files import LanguageFiles, refuse_equal_names
from octopack_data.manifests import sha256_of, version_of
from octopack_data.parts import PartResult, Stage
from octopack_data.records import COMMIT_COLUMNS, Commit, Mode, text_schema
from octopack_data.rows import RowWriter, Skip, text_rows
from octopack_data.rules import Choice, Sieve, read_phrases, read_preset, read_verbs, rules_of
from octopack_data.rules.sieve import KEPT
from octopack_data.rules.tokens import token_rule
from octopack_data.settings import Settings, written_settings
from octopack_data.sources import Part


class FilterSettings(Settings):
    """What decides which rows the stage keeps and how it writes them."""

    mode: Mode = "fixed"
    """`published`: the release's rules with their quirks; `fixed`: the same rules, mended."""
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
    """Seed of the draws by commit id: of the version bumps that are kept, and of the sample of dropped rows."""
    exact_reasons: bool = False
    """Count each dropped row under the first rule that it fails in the release's order; decodes and tokenizes more."""
    excluded_share: float = 0.0
    """Share of the dropped rows, drawn by commit id, that `excluded/` keeps with their reasons; 0: none."""
    format: Literal["jsonl.zst", "jsonl", "parquet"] = "jsonl.zst"
    """Format of the written files."""


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
    return Stage("filter", FilterWork(settings), tuple(parts), output, written_settings(settings) | hashes)


@dataclass(frozen=True)
class FilterWork:
    """The work of the stage on one part."""

    settings: FilterSettings

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Write what is kept, and count."""
        sieve, settings = sieve_of(self.settings), self.settings
        counts: Counter[str] = Counter()
        schema = text_schema(COMMIT_COLUMNS) if settings.format == "parquet" else None
        with ExitStack() as stack:
            kept = stack.enter_context(LanguageFiles(output, part.name, settings.format, schema))
            excluded = stack.enter_context(ExcludedFile(output, part.name, settings))
            skip = _skip(sieve, settings, counts)
            for row in chain.from_iterable(text_rows(path, COMMIT_COLUMNS, skip=skip) for path in part.paths):
                commit, reason = sieve(Commit(**row))
                counts[reason] += 1
                if reason == KEPT:
                    row["subject"] = commit.subject
                    kept.write(row)
                else:
                    excluded.write(row, reason)
        rows = sum(counts.values())
        named = {"kept": counts.pop(KEPT, 0)} | {f"dropped_{reason}": n for reason, n in sorted(counts.items())}
        return PartResult((*kept.files, *excluded.files), {"rows": rows, **named})


def _skip(sieve: Sieve, settings: FilterSettings, counts: Counter[str]) -> Skip | None:
    """Nine rows of ten are dropped for their subject: where only that is counted, the contents are never decoded."""
    if settings.exact_reasons or settings.excluded_share > 0:
        return None

    def skip(line: bytes) -> bool:
        subject = subject_in(line)
        if subject is None or not (reason := sieve.subject_reason(subject)):
            return False
        counts[reason] += 1
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


class ExcludedFile(AbstractContextManager["ExcludedFile"]):
    """``excluded/<part>``: a sample of the dropped rows, each with its ``reason``; made with the first of them."""

    def __init__(self, output: Path, part: str, settings: FilterSettings) -> None:
        self.files: list[tuple[str, int]] = []
        self._output, self._name, self._settings = output, f"excluded/{part}.{settings.format}", settings
        self._writer: RowWriter | None = None
        self._stack = ExitStack()

    def write(self, row: dict[str, Any], reason: str) -> None:
        """Write a row if it belongs to the sample."""
        if not is_in_sample(self._settings.seed, row["commit"], self._settings.excluded_share):
            return
        if self._writer is None:
            schema = partial(text_schema, (*COMMIT_COLUMNS, "reason"))
            self._writer = self._stack.enter_context(RowWriter(self._output / self._name, schema))
        self._writer.write(row | {"reason": reason})

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)
        if self._writer is not None:
            self.files.append((self._name, self._writer.rows))

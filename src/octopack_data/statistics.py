"""Sizes by language: the table of languages (Table 4 of the paper), from the released facts or from a run's folders."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from humanevalpack.errors import InputError
from octopack_data.lines import numbered_lines
from octopack_data.manifests import MANIFEST, read_manifest
from octopack_data.rows import ending, read_rows
from octopack_data.shards import language_parts, line_bytes
from octopack_data.sources import Part, find_parts

RELEASED = Path(__file__).parent / "data" / "table4.csv"
_BLOCK = 4096
_FOLDER_BLOCKS = 1


@dataclass(frozen=True, slots=True)
class LanguageSizes:
    """One language (its folder's name) before and after the filters.

    The kilobytes of the release are disk blocks of 1024 bytes, a folder's own included; those of a run are 1000 bytes
    of text, unless the blocks are asked for.
    """

    language: str
    raw_kb: float
    raw_samples: int
    ft_kb: float
    ft_samples: int


COLUMNS = tuple(field.name for field in fields(LanguageSizes))


def read_sizes(path: Path = RELEASED) -> list[LanguageSizes]:
    """Read a table of sizes (CSV with the columns of LanguageSizes); the released one by default. Raises InputError."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not rows or set(reader.fieldnames or ()) != set(COLUMNS):
        raise InputError(f"{path}: must be CSV with the columns {', '.join(COLUMNS)} and at least one row")
    return [_sizes(row, f"{path}, line {line}") for line, row in rows]


def _sizes(row: Mapping[str, str], place: str) -> LanguageSizes:
    try:
        return LanguageSizes(
            row["language"],
            _number(row["raw_kb"]),
            int(row["raw_samples"]),
            _number(row["ft_kb"]),
            int(row["ft_samples"]),
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"{place}: sizes and samples must be numbers ({error})") from error


def _number(text: str) -> float:
    return int(text) if text.isdecimal() else float(text)


def total(rows: Iterable[LanguageSizes]) -> LanguageSizes:
    """Return the sums of all languages, under the name ``total``."""
    listed = list(rows)
    return LanguageSizes(
        "total",
        sum(row.raw_kb for row in listed),
        sum(row.raw_samples for row in listed),
        sum(row.ft_kb for row in listed),
        sum(row.ft_samples for row in listed),
    )


def by_size(rows: Iterable[LanguageSizes]) -> list[LanguageSizes]:
    """Return the rows of the table: the largest raw size first, equal ones in their order."""
    return sorted(rows, key=lambda row: -row.raw_kb)


def measured_sizes(raw: str | Path, filtered: str | Path | None = None, *, blocks: bool = False) -> list[LanguageSizes]:
    """Return the sizes of a run: bytes and rows of the shards in ``raw`` and, after the filters, in ``filtered``.

    Taken from the manifest of the stage shard where there is one, else read. ``blocks``: kilobytes as ``du`` counts
    them in the release, 4 KiB at a time with the folder's own block.
    """
    before = _folder_sizes(raw, blocks=blocks)
    after = _folder_sizes(filtered, blocks=blocks) if filtered is not None else {}
    languages = sorted({*before, *after})
    return by_size(
        LanguageSizes(language, *before.get(language, (0, 0)), *after.get(language, (0, 0))) for language in languages
    )


def chosen_sizes(
    raw: str | Path | None, filtered: str | Path | None = None, *, blocks: bool = False
) -> list[LanguageSizes]:
    """Return the sizes of a run, or the released ones if no folder is named."""
    return read_sizes() if raw is None else measured_sizes(raw, filtered, blocks=blocks)


def _folder_sizes(source: str | Path, *, blocks: bool) -> dict[str, tuple[float, int]]:
    counts = _counts(Path(source))
    found = {}
    for part in language_parts(find_parts(source)):
        told = f"text_bytes.{part.name}" in counts
        size, rows = (counts[f"text_bytes.{part.name}"], counts[f"rows.{part.name}"]) if told else _text_of(part)
        found[part.name] = (_du_kilobytes(part) if blocks else size / 1000, rows)
    return found


def _counts(folder: Path) -> Mapping[str, int]:
    return read_manifest(folder)["counts"] if (folder / MANIFEST).is_file() else {}


def _text_of(part: Part) -> tuple[int, int]:
    size = rows = 0
    for path in part.paths:
        for length in _line_sizes(path):
            size, rows = size + length, rows + 1
    return size, rows


def _line_sizes(path: Path) -> Iterator[int]:
    if ending(path) == ".parquet":
        yield from (line_bytes(row) for row in read_rows(path))
        return
    yield from (len(line) for _, line in numbered_lines(path, ending(path)) if not line.isspace())


def _du_kilobytes(part: Part) -> int:
    blocks = sum(-(-path.stat().st_size // _BLOCK) for path in part.paths)
    return (blocks + _FOLDER_BLOCKS) * _BLOCK // 1024

"""The stage ``shard``: the files of a language are joined, in the order of their names, and cut by size or by lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from humanevalpack.errors import InputError, UsageError
from octopack_data.languages import folder_of
from octopack_data.parts import PartResult, Stage
from octopack_data.rows import RowWriter, numbered_rows, place, schema_of
from octopack_data.sampling import WHOLE, Sample, make_sample
from octopack_data.settings import RowSettings, written_settings
from octopack_data.sources import Part

if TYPE_CHECKING:
    import pyarrow as pa

SHARD_BYTES = 500 * 1024 * 1024
"""Of the release's shards: UTF-8 bytes of the JSON lines, their newlines included."""
PIECE_ROWS = 524_288
"""Of the release's line shards: 16 of them a file of 8 388 608 rows."""

Layout = Literal["sized", "joined", "lines"]
"""``sized``: ``data/python/python-0001.jsonl`` (CommitPack); ``joined``: ``data/python/data.jsonl`` (CommitPackFT);
``lines``: ``data/part-0000-0001.jsonl``, pieces of each input file whatever the language."""


class ShardSettings(RowSettings):
    """How the files of a stage are joined and cut, in both modes alike."""

    layout: Layout = "sized"
    """sized: files of a language up to a size; joined: one file a language; lines: pieces of each input file."""
    shard_bytes: int = SHARD_BYTES
    """Layout sized: text of a file at most; a longer row has a file of its own."""
    piece_rows: int = PIECE_ROWS
    """Layout lines: rows of a file."""


def schema_of_part(part: Part) -> pa.Schema:
    """Return the Arrow schema of a part's rows: that of its first file that has any."""
    schemas = map(schema_of, part.paths)
    return next((schema for schema in schemas if schema.names), schema_of(part.path))


def language_folder(part: Part) -> str:
    """Return the folder of a part's language: ``python`` of ``python/part-0001`` and of a lone ``Python``."""
    folder, slash, _ = part.name.partition("/")
    return folder if slash else folder_of(part.name.removesuffix("_new"))


def language_parts(parts: Iterable[Part]) -> list[Part]:
    """Return one part a language, named like its folder, with all its files in the order of their names."""
    files: dict[str, list[Path]] = {}
    for part in parts:
        files.setdefault(language_folder(part), []).append(part.path)
    return [Part(language, paths[0], tuple(paths[1:])) for language, paths in sorted(files.items())]


def joined_rows(part: Part, columns: frozenset[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of all files of a part; raises InputError if one has a column besides ``columns``."""
    for path in part.paths:
        for number, row in numbered_rows(path):
            if columns is not None and not columns.issuperset(row):
                more = next(name for name in row if name not in columns)
                raise InputError(
                    f"{place(path, number)}: column {more!r} is not in the first row of {part.path}, and a Parquet "
                    "file has one set of columns; write --format jsonl.zst"
                )
            yield row


def cut(
    rows: Iterable[Mapping[str, Any]],
    path_of: Callable[[int], Path],
    schema: pa.Schema | None,
    full: Callable[[RowWriter, Mapping[str, Any]], bool],
) -> Iterator[RowWriter]:
    """Write rows to the files ``path_of(1)``, ``path_of(2)``, …; yield the writer of each file that is finished.

    ``full`` is asked with the writer and the next row; a new file takes any row, so that none is empty. One row is in
    memory at a time (a row group, for Parquet).
    """
    with ExitStack() as stack:
        writer: RowWriter | None = None
        number = 0
        for row in rows:
            if writer is not None and full(writer, row):
                stack.close()
                yield writer
                writer = None
            if writer is None:
                number += 1
                writer = stack.enter_context(RowWriter(path_of(number), lambda: schema))
            writer.write(row)
        stack.close()
        if writer is not None:
            yield writer


@dataclass(frozen=True)
class Shard:
    """The work of the stage ``shard`` on one language (on one file, for the layout ``lines``)."""

    settings: ShardSettings
    instances: Mapping[str, int]
    """The number of each input file, for the names of its pieces."""
    sample: Sample = WHOLE

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Write the part's files, joined and cut."""
        schema = schema_of_part(part) if self.settings.format == "parquet" else None
        counts: Counter[str] = Counter(rows=0)
        read = joined_rows(part, frozenset(schema.names) if schema is not None else None)
        made = list(cut(self.sample.rows(read, counts), self._path_of(part, output), schema, self._full))
        counts["kept"] = rows = sum(writer.rows for writer in made)
        if self.settings.layout != "lines":
            counts[f"rows.{part.name}"] = rows
            counts[f"text_bytes.{part.name}"] = sum(writer.text_bytes for writer in made)
        return PartResult(tuple((w.path.relative_to(output).as_posix(), w.rows) for w in made), counts)

    def _path_of(self, part: Part, output: Path) -> Callable[[int], Path]:
        name = {
            "sized": f"{part.name}/{part.name}-{{:04d}}",
            "joined": f"{part.name}/data",
            "lines": f"part-{self.instances[part.name]:04d}-{{:04d}}",
        }[self.settings.layout]
        return lambda number: output / "data" / f"{name.format(number)}.{self.settings.format}"

    def _full(self, writer: RowWriter, row: Mapping[str, Any]) -> bool:
        if self.settings.layout == "lines":
            return writer.rows >= self.settings.piece_rows
        return self.settings.layout == "sized" and writer.text_bytes + line_bytes(row) > self.settings.shard_bytes


def line_bytes(row: Mapping[str, Any]) -> int:
    """Return the bytes of a row's JSON line, its newline included."""
    import orjson

    return len(orjson.dumps(row)) + 1


def shard_stage(parts: Sequence[Part], output: Path, settings: ShardSettings) -> Stage:
    """Return the stage that joins and cuts; its parts are the languages, or the files for the layout ``lines``.

    Raises UsageError (a limit that is not positive).
    """
    if settings.shard_bytes < 1 or settings.piece_rows < 1:
        raise UsageError("shard_bytes and piece_rows must be at least 1")
    joined = list(parts) if settings.layout == "lines" else language_parts(parts)
    instances = {part.name: number for number, part in enumerate(joined)}
    work = Shard(settings, instances, make_sample(settings.sample, joined))
    return Stage("shard", work, tuple(joined), output, written_settings(settings))

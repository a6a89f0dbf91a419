"""Rows written to one file a language, of which none is held open."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, UsageError
from octopack_data.languages import checked_folder
from octopack_data.records import COMMIT_COLUMNS, text_schema
from octopack_data.rows import PART, read_rows, schema_of, write_rows
from octopack_data.sources import Part

if TYPE_CHECKING:
    import pyarrow as pa

HELD_BYTES = 64 * 2**20
"""Text that one worker holds in memory, of all languages together."""


def refuse_equal_names(parts: Iterable[Part]) -> None:
    """Raise UsageError if two parts of a stage could be written to the same file of a language."""
    names = {part.name for part in parts}
    clash = next((name for name in sorted(names) if name.partition("/")[2] in names), None)
    if clash is not None:
        raise UsageError(
            f"the inputs {clash} and {clash.partition('/')[2]} could be written to one file: name one folder"
        )


def commit_schema(path: Path, extra: Iterable[str]) -> pa.Schema:
    """Return the Arrow schema of commits that keep columns of a file besides their ten."""
    schema, given = text_schema(COMMIT_COLUMNS), schema_of(path)
    for name in extra:
        if name in given.names and name not in schema.names:  # else the first row tells that it is missing
            schema = schema.append(given.field(name))
    return schema


class LanguageFiles(AbstractContextManager["LanguageFiles"]):
    """``data/<language>/<part>.<form>``: rows by their column ``lang``, each file written whole or not at all.

    One open compressor for each of 350 languages would need gigabytes a worker, and the number of open files is
    limited: text is held back and added to its file in large pieces. ``files`` names the files below ``output``, with
    their rows, when the block has ended. A part that is named after its language (``python/data-0001``) keeps its name
    there. ``schema`` is asked for by Parquet only, which is made of the finished lines.
    """

    def __init__(
        self, output: Path, part: str, form: str, schema: pa.Schema | None = None, held_bytes: int = HELD_BYTES
    ) -> None:
        self.files: list[tuple[str, int]] = []
        self._output, self._part, self._form, self._schema = output, part, form, schema
        self._held_bytes = held_bytes
        self._rows: Counter[str] = Counter()
        self._held: dict[str, bytearray] = {}
        self._size = 0

    def write(self, row: Mapping[str, Any]) -> None:
        """Add a row to the file of its language; raises InputError if that could be no folder of ours."""
        import orjson

        language = checked_folder(row["lang"], f"{self._part}, commit {row['commit']}")
        if language not in self._rows:
            self._lines(language).unlink(missing_ok=True)  # left by a run that was killed
        line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        self._held.setdefault(language, bytearray()).extend(line)
        self._size += len(line)
        self._rows[language] += 1
        if self._size >= self._held_bytes:
            self._add(self._largest())

    def _largest(self) -> list[str]:
        """The languages that hold most, half of the text together: small ones wait for a piece that packs well."""
        chosen, size = [], 0
        for language in sorted(self._held, key=lambda name: (-len(self._held[name]), name)):
            chosen.append(language)
            size += len(self._held[language])
            if size >= self._size / 2:
                break
        return chosen

    def _add(self, languages: list[str]) -> None:
        for language in languages:
            text = self._held.pop(language)
            self._size -= len(text)
            path = self._lines(language)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("ab") as stream:
                    stream.write(text if self._form == "jsonl" else _packed(text))
            except OSError as error:
                raise EnvironmentFault(f"{path} cannot be written: {error}") from error

    def _name(self, language: str) -> str:
        return f"data/{language}/{self._part.removeprefix(language + '/')}"

    def _lines(self, language: str) -> Path:
        """The file that text is added to; its ending says that it is not finished."""
        form = "jsonl" if self._form == "jsonl" else "jsonl.zst"
        return self._output / f"{self._name(language)}.{form}{PART}"

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._add(sorted(self._held))
                self.files = [self._finished(language) for language in sorted(self._rows)]
        finally:
            for language in self._rows:
                self._lines(language).unlink(missing_ok=True)

    def _finished(self, language: str) -> tuple[str, int]:
        name = f"{self._name(language)}.{self._form}"
        lines, path = self._lines(language), self._output / name
        if self._form == "parquet":
            unfinished = lines.rename(lines.with_name(f".{lines.name.removesuffix(PART)}"))
            write_rows(path, read_rows(unfinished), lambda: self._schema)
            unfinished.unlink()
        else:
            lines.replace(path)
        return name, self._rows[language]


def _packed(text: bytearray) -> bytes:
    import zstandard

    packed = io.BytesIO()
    with zstandard.ZstdCompressor(level=3).stream_writer(packed, closefd=False) as stream:
        stream.write(text)
    return packed.getvalue()

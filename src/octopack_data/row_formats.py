"""How rows become the bytes of a file: JSON lines and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_NO_PARQUET = "a Parquet file has one set of columns: write --format jsonl.zst"
_GROUP_BYTES = 64 * 2**20
"""Text of a Parquet row group: what one writer holds in memory."""


@dataclass(frozen=True)
class Writing:
    """A file that has been begun: ``write`` appends a row and returns the bytes of its JSON line."""

    write: Callable[[Mapping[str, Any]], int]
    close: Callable[[], None]


def unwritable(row: Mapping[str, Any]) -> str:
    """Return the first column that orjson cannot write (half of a surrogate pair, a number beyond 64 bits), or ""."""
    import orjson

    for name, value in row.items():
        try:
            orjson.dumps({name: value})
        except TypeError:
            return name
    return ""


def json_writer(part: Path, *, zstd: bool) -> Writing:
    """Begin a file of JSON lines."""
    import orjson

    stream: Any = part.open("wb")
    if zstd:
        import zstandard

        stream = zstandard.ZstdCompressor(level=3).stream_writer(stream, closefd=True)

    def write(row: Mapping[str, Any]) -> int:
        line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        stream.write(line)
        return len(line)

    return Writing(write, stream.close)


def _misfit(rows: Sequence[Mapping[str, Any]], before: int, schema: pa.Schema) -> str:
    """Say which row does not fit a schema, by its number behind ``before`` others, and its column and value."""
    import pyarrow as pa

    for number, row in enumerate(rows, start=before + 1):
        for field in schema:
            try:
                pa.array([row.get(field.name)], field.type)
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
                return f"row {number}: {field.name} is no {field.type}, as the first row's is: {row[field.name]!r:.60}"
    return "a row is of other types than the first one"


def parquet_writer(path: Path, part: Path, schema: pa.Schema) -> Writing:
    """Begin a Parquet file; ``path`` is what messages call it."""
    import orjson
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetWriter(part, schema, compression="zstd")
    names = frozenset(schema.names)
    held: list[Mapping[str, Any]] = []
    size = written = 0

    def flush() -> None:
        nonlocal size, written
        if held:
            try:
                rows = pa.Table.from_pylist(held, schema=schema)
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
                # OverflowError: a whole number beyond 64 bits with a sign, which JSON holds
                raise InputError(f"{path}, {_misfit(held, written, schema)} ({error}); {_NO_PARQUET}") from error
            table.write_table(rows, row_group_size=len(held))
        written += len(held)
        held.clear()
        size = 0

    def write(row: Mapping[str, Any]) -> int:
        nonlocal size
        if not names.issuperset(row):  # Arrow would leave the column out without a word
            more = next(name for name in row if name not in names)
            raise InputError(f"{path}: column {more!r} of a row is not among {', '.join(schema.names)}; {_NO_PARQUET}")
        line = len(orjson.dumps(row)) + 1
        held.append(row)
        size += line
        if size >= _GROUP_BYTES:
            flush()
        return line

    def close() -> None:
        try:
            flush()
        finally:
            table.close()

    return Writing(write, close)

"""Rows in files: JSON lines (plain, zstd, gzip) and Parquet, read and written as streams of constant memory."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Self, get_args

from humanevalpack.errors import EnvironmentFault, InputError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".jsonl", ".jsonl.zst", ".jsonl.gz", ".parquet")
"""What the name of a file to be read may end with; the ending says the format."""
RowFormat = Literal["jsonl.zst", "jsonl", "parquet"]
"""Of a file to be written: what its name ends with."""
WRITTEN = tuple(f".{form}" for form in get_args(RowFormat))
PART = ".part"
"""Ends the name of a file that is being written."""
_NO_PARQUET = "a Parquet file has one set of columns: write --format jsonl.zst"
_BATCH = 1_000
"""Rows of a Parquet batch that are in memory at a time: contents of a megabyte each are normal here."""
_GROUP_BYTES = 64 * 2**20
"""Text of a Parquet row group: what one writer holds in memory."""


def ending(path: Path) -> str:
    """Return which of ENDINGS a file has; raises UsageError."""
    for known in sorted(ENDINGS, key=len, reverse=True):
        if path.name.endswith(known):
            return known
    raise UsageError(f"{path}: the name must end with one of {', '.join(ENDINGS)}")


def stem(path: Path) -> str:
    """Return a file's name without its ending."""
    return path.name.removesuffix(ending(path))


def read_rows(path: Path, columns: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield the rows of one file, the named ``columns`` alone if there are any.

    Raises InputError that names the file, the row (counted from 1) and the column that is missing or no text.
    """
    try:
        if ending(path) == ".parquet":
            yield from _read_parquet(path, tuple(columns))
        else:
            yield from _read_json_lines(path, tuple(columns))
    except (OSError, EOFError, zlib.error) as error:  # the last two: a .gz that is cut off or damaged
        raise InputError(f"{path} cannot be read: {error}") from error


def schema_of(path: Path) -> pa.Schema:
    """Return the Arrow schema of a file's rows: Parquet's own, else that of the first row (null as text)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if ending(path) == ".parquet":
        return pq.read_schema(path)
    first = next(iter(read_rows(path)), {})
    found = pa.Table.from_pylist([first]).schema
    return pa.schema([(item.name, pa.string() if pa.types.is_null(item.type) else item.type) for item in found])


def text_rows(path: Path, columns: Sequence[str], *, every: bool = False) -> Iterator[dict[str, Any]]:
    """Yield rows whose named columns must all hold text, with ``every`` other column too; raises InputError."""
    for number, row in enumerate(read_rows(path, () if every else columns), start=1):
        for name in columns:
            if name not in row:
                raise InputError(f"{path}, row {number}: no column {name!r}; there are {', '.join(row)}")
            if not isinstance(row[name], str):
                raise InputError(f"{path}, row {number}: {name} must be text, not {row[name]!r}")
        yield row


def _read_json_lines(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    import orjson

    with open_bytes(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.isspace():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InputError(f"{path}, line {number}: not valid JSON ({error}): {line[:60]!r}") from error
            if not isinstance(row, dict):
                raise InputError(f"{path}, line {number}: must be a JSON object, not {line[:60]!r}")
            yield _chosen(row, columns, f"{path}, line {number}") if columns else row


def _chosen(row: dict[str, Any], columns: tuple[str, ...], place: str) -> dict[str, Any]:
    try:
        return {name: row[name] for name in columns}
    except KeyError as error:
        raise InputError(f"{place}: no column {error}; there are {', '.join(row)}") from error


def _read_parquet(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            if not table.metadata.num_rows:  # made of a JSON-lines file without rows, it has no columns either
                return
            missing = [name for name in columns if name not in table.schema_arrow.names]
            if missing:
                raise InputError(f"{path}: no column {missing[0]!r}; there are {', '.join(table.schema_arrow.names)}")
            for batch in table.iter_batches(_BATCH, columns=list(columns) or None):
                yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: not a Parquet file that can be read ({error})") from error


def open_bytes(path: Path) -> IO[bytes]:
    """Open a JSON-lines file for reading, unpacked; raises OSError."""
    kind = ending(path)
    if kind == ".jsonl.zst":
        from octopack_data.zstd import ZstdReader

        return io.BufferedReader(ZstdReader(path.open("rb")), 1 << 20)
    if kind == ".jsonl.gz":
        import gzip

        return io.BufferedReader(gzip.GzipFile(path), 1 << 20)
    return path.open("rb")


@dataclass
class RowWriter(AbstractContextManager["RowWriter"]):
    """Writes rows to one file, whole or not at all: the file gets its name when the writer is left without an error.

    ``schema`` is asked for by Parquet only. ``rows`` and ``text_bytes`` (of a row's JSON line, its newline included)
    count what was written.
    """

    path: Path
    schema: Callable[[], pa.Schema] | None = None
    rows: int = 0
    text_bytes: int = 0
    _write: Callable[[Mapping[str, Any]], int] = field(init=False, repr=False)
    _close: Callable[[], None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if ending(self.path) not in WRITTEN:
            raise UsageError(f"{self.path}: written files must end with one of {', '.join(WRITTEN)}")
        self._part = self.path.with_name(self.path.name + PART)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if ending(self.path) == ".parquet":
                assert self.schema is not None  # a fault of ours, not of a user
                self._write, self._close = _parquet_writer(self.path, self._part, self.schema())
            else:
                self._write, self._close = _json_writer(self._part, ending(self.path))
        except OSError as error:
            raise EnvironmentFault(f"{self.path} cannot be written: {error}") from error

    def write(self, row: Mapping[str, Any]) -> int:
        """Append one row; return the bytes of its JSON line; raises EnvironmentFault (a full disk)."""
        try:
            size = self._write(row)
        except OSError as error:
            raise EnvironmentFault(f"{self.path} cannot be written: {error}") from error
        self.rows += 1
        self.text_bytes += size
        return size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            self._close()
            if kind is None:
                self._part.replace(self.path)
        except OSError as fault:
            raise EnvironmentFault(f"{self.path} cannot be written: {fault}") from fault
        finally:
            self._part.unlink(missing_ok=True)


def _json_writer(part: Path, kind: str) -> tuple[Callable[[Mapping[str, Any]], int], Callable[[], None]]:
    import orjson

    stream: Any = part.open("wb")
    if kind == ".jsonl.zst":
        import zstandard

        stream = zstandard.ZstdCompressor(level=3).stream_writer(stream, closefd=True)

    def write(row: Mapping[str, Any]) -> int:
        line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        stream.write(line)
        return len(line)

    return write, stream.close


def _parquet_writer(
    path: Path, part: Path, schema: pa.Schema
) -> tuple[Callable[[Mapping[str, Any]], int], Callable[[], None]]:
    import orjson
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetWriter(part, schema, compression="zstd")
    names = frozenset(schema.names)
    held: list[Mapping[str, Any]] = []
    size = 0

    def flush() -> None:
        nonlocal size
        if held:
            try:
                rows = pa.Table.from_pylist(held, schema=schema)
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise InputError(
                    f"{path}: a row is of other types than the first one ({error}); {_NO_PARQUET}"
                ) from error
            table.write_table(rows, row_group_size=len(held))
        held.clear()
        size = 0

    def write(row: Mapping[str, Any]) -> int:
        nonlocal size
        if not names.issuperset(row):  # Arrow would leave the column out without a word
            more = next(name for name in row if name not in names)
            raise InputError(f"{path}: column {more!r} of a row is not among {', '.join(schema.names)}; {_NO_PARQUET}")
        held.append(row)
        line = len(orjson.dumps(row)) + 1
        size += line
        if size >= _GROUP_BYTES:
            flush()
        return line

    def close() -> None:
        try:
            flush()
        finally:
            table.close()

    return write, close


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], schema: Callable[[], pa.Schema] | None = None) -> int:
    """Write rows to one file, whole or not at all; return how many."""
    with RowWriter(path, schema) as writer:
        for row in rows:
            writer.write(row)
    return writer.rows

"""Rows in files: JSON lines (plain, zstd, gzip) and Parquet, read and written as streams of constant memory."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.lines import numbered_lines
from octopack_data.progress import at
from octopack_data.row_formats import Writing, json_writer, parquet_writer, unwritable

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".jsonl", ".jsonl.zst", ".jsonl.gz", ".parquet")
"""What the name of a file to be read may end with; the ending says the format."""
RowFormat = Literal["jsonl.zst", "jsonl", "parquet"]
"""Of a file to be written: what its name ends with."""
WRITTEN = tuple(f".{form}" for form in get_args(RowFormat))
PART = ".part"
"""Ends the name of a file that is being written."""
_BATCH = 1_000
"""Rows of a Parquet batch that are in memory at a time: contents of a megabyte each are normal here."""


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

    Raises InputError that names the file, the line (the row, for Parquet) and the column that is missing.
    """
    return (row for _, row in numbered_rows(path, columns))


def numbered_rows(path: Path, columns: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield what ``read_rows`` does, each row with its number for ``place``."""
    if ending(path) != ".parquet":
        yield from _read_json_lines(path, tuple(columns))
        return
    try:
        yield from enumerate(_read_parquet(path, tuple(columns)), start=1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def place(path: Path, number: int) -> str:
    """Return what a message calls a row: lines are counted with the blank ones, as an editor does."""
    return f"{path}, {'row' if ending(path) == '.parquet' else 'line'} {number}"


def schema_of(path: Path) -> pa.Schema:
    """Return the Arrow schema of a file's rows: Parquet's own, else that of the first row (null as text)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if ending(path) == ".parquet":
        return pq.read_schema(path)
    first = next(iter(read_rows(path)), {})
    found = pa.Table.from_pylist([first]).schema
    return pa.schema([(item.name, pa.string() if pa.types.is_null(item.type) else item.type) for item in found])


def text_rows(
    path: Path, columns: Sequence[str], *, also: Sequence[str] = (), every: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield rows whose named columns must all hold text, with ``also`` others, or ``every`` one; raises InputError."""
    return (row for _, row in numbered_text_rows(path, columns, also=also, every=every))


def numbered_text_rows(
    path: Path, columns: Sequence[str], *, also: Sequence[str] = (), every: bool = False
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield what ``text_rows`` does, each row with its number for ``place``."""
    for number, row in numbered_rows(path, () if every else (*columns, *also)):
        for name in columns:
            if name not in row:
                raise InputError(f"{place(path, number)}: no column {name!r}; there are {', '.join(row)}")
            if not isinstance(row[name], str):
                raise InputError(f"{place(path, number)}: {name} must be text, not {row[name]!r:.60}")
        yield number, row


def numbered_values(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the values of a file of JSON lines, lists too, each with the number of its line; raises InputError.

    Blank lines are none, and neither is the mark before the first one that some editors write (UTF-8 with BOM).
    """
    import orjson

    for number, line in numbered_lines(path, ending(path)):
        text = line.removeprefix(BOM_UTF8) if number == 1 else line
        if not text or text.isspace():
            continue
        try:
            yield number, orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise InputError(f"{path}, line {number}: {_what_is_wrong(text, error)}: {text[:60]!r}") from error


def _read_json_lines(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in numbered_values(path):
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number}: must be a JSON object, not {row!r:.60}")
        yield number, _chosen(row, columns, f"{path}, line {number}") if columns else row


def _what_is_wrong(line: bytes, error: Exception) -> str:
    """Python's own decoder takes half of a surrogate pair, so it can tell the column that holds one."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return f"not valid JSON ({error})"
    name = unwritable(row) if isinstance(row, dict) else ""
    return f"column {name!r} is no Unicode text: {error}" if name else f"not valid JSON ({error})"


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
            size, read = path.stat().st_size, 0
            for batch in table.iter_batches(_BATCH, columns=list(columns) or None):
                yield from batch.to_pylist()
                read += batch.num_rows
                at(path, size * read // table.metadata.num_rows)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: not a Parquet file that can be read ({error})") from error


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
    _writing: Writing = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if ending(self.path) not in WRITTEN:
            raise UsageError(f"{self.path}: written files must end with one of {', '.join(WRITTEN)}")
        self._part = self.path.with_name(self.path.name + PART)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if ending(self.path) == ".parquet":
                assert self.schema is not None  # a fault of ours, not of a user
                self._writing = parquet_writer(self.path, self._part, self.schema())
            else:
                self._writing = json_writer(self._part, zstd=ending(self.path) == ".jsonl.zst")
        except OSError as error:
            raise EnvironmentFault(f"{self.path} cannot be written: {error}") from error

    def write(self, row: Mapping[str, Any]) -> int:
        """Append one row; return the bytes of its JSON line.

        Raises EnvironmentFault (a full disk) and InputError that names the column which no file can hold.
        """
        try:
            size = self._writing.write(row)
        except TypeError as error:
            name = unwritable(row)
            if not name:
                raise
            raise InputError(
                f"{self.path}, row {self.rows + 1}: column {name!r} cannot be written ({error})"
                + (f"; its commit is {row['commit']}" if "commit" in row else "")
            ) from error
        except OSError as error:
            raise EnvironmentFault(f"{self.path} cannot be written: {error}") from error
        self.rows += 1
        self.text_bytes += size
        return size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            self._writing.close()
            if kind is None:
                self._part.replace(self.path)
        except OSError as fault:
            raise EnvironmentFault(f"{self.path} cannot be written: {fault}") from fault
        finally:
            self._part.unlink(missing_ok=True)
            del self._writing  # a writer that is kept for its counts shall not keep a compressor's megabytes


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], schema: Callable[[], pa.Schema] | None = None) -> int:
    """Write rows to one file, whole or not at all; return how many."""
    with RowWriter(path, schema) as writer:
        for row in rows:
            writer.write(row)
    return writer.rows

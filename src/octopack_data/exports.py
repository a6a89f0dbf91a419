"""Tables as Parquet shards of a bounded size: ``metadata-00000-of-00012.parquet``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from humanevalpack.errors import EnvironmentFault
from octopack_data.rows import PART

if TYPE_CHECKING:
    import pyarrow as pa

SHARD_BYTES = 128 * 2**20
GROUP_ROWS = 50_000
"""Rows of a row group: what a writer holds in memory, and by what a shard may exceed its size."""


def write_shards(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, folder: Path, name: str, shard_bytes: int = SHARD_BYTES
) -> list[tuple[str, int]]:
    """Write batches to zstd shards and return their names and rows; a shard is full at ``shard_bytes`` on disk.

    There is always one shard, be it empty. The shards get their names when all are written; raises EnvironmentFault.
    """
    parts: list[tuple[Path, int]] = []
    try:
        for part, rows in _parts(batches, schema, folder, name, shard_bytes):
            parts.append((part, rows))
        total = len(parts)
        names = [f"{name}-{number:05d}-of-{total:05d}.parquet" for number in range(total)]
        for (part, _), shard in zip(parts, names, strict=True):
            part.replace(folder / shard)
    except OSError as error:
        raise EnvironmentFault(f"{folder} cannot be written: {error}") from error
    finally:
        for left in folder.glob(f"{name}-*{PART}"):
            left.unlink()
    return [(shard, rows) for shard, (_, rows) in zip(names, parts, strict=True)]


def _parts(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, folder: Path, name: str, shard_bytes: int
) -> Iterable[tuple[Path, int]]:
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    waiting = iter(batches)
    batch = next(waiting, None)
    number = 0
    while number == 0 or batch is not None:
        part = folder / f"{name}-{number:05d}{PART}"
        rows = 0
        with part.open("wb") as sink, pq.ParquetWriter(sink, schema, compression="zstd") as writer:
            # The head of a file is not nothing: the first batch is always written.
            while batch is not None and (rows == 0 or sink.tell() < shard_bytes):
                writer.write_batch(batch, row_group_size=GROUP_ROWS)
                rows += batch.num_rows
                batch = next(waiting, None)
        yield part, rows
        number += 1

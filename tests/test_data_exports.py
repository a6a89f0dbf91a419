"""octopack_data.exports: shards of a bounded size that are all there or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from octopack_data.exports import write_shards
from octopack_data.rows import read_rows

SCHEMA = pa.schema([("text", pa.string())])


def batches(count: int, fail_at: int = -1) -> Iterator[pa.RecordBatch]:
    for number in range(count):
        if number == fail_at:
            raise RuntimeError("source broke off")
        yield pa.record_batch([[f"{number}-{row}" for row in range(100)]], schema=SCHEMA)


@pytest.mark.parametrize(("count", "shard_bytes", "rows"), [(5, 1, [100] * 5), (5, 10**6, [500]), (0, 10**6, [0])])
def test_a_shard_ends_when_it_is_full(tmp_path: Path, count: int, shard_bytes: int, rows: list[int]) -> None:
    written = write_shards(batches(count), SCHEMA, tmp_path, "metadata", shard_bytes)
    names = [f"metadata-{number:05d}-of-{len(rows):05d}.parquet" for number in range(len(rows))]
    assert written == list(zip(names, rows, strict=True))
    texts = [row["text"] for name in names for row in read_rows(tmp_path / name)]
    assert texts == [f"{number}-{row}" for number in range(count) for row in range(100)]


def test_nothing_is_left_of_a_broken_export(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="broke off"):
        write_shards(batches(5, fail_at=3), SCHEMA, tmp_path, "metadata", 1)
    assert list(tmp_path.iterdir()) == []

"""From examples to rows: the stream published for OctoCoder, whole examples as for SantaCoder, and TRL's packings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octopack_train.config.sequence import Loss, SequenceSettings
from octopack_train.tokens import Tokens

if TYPE_CHECKING:
    import pyarrow as pa

OF_TRL = ("wrapped", "bfd", "bfd_split")
"""Packings that TRL makes."""
RATIO_ROWS = 400
"""Examples by which characters in a token are measured for the constant-length stream (published)."""


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens of a row with what is trained at each place; without padding."""

    ids: list[int]
    labels: list[int]


def one_a_row(examples: Iterable[Tokens], loss: Loss) -> Iterator[Row]:
    """Yield each example as a row of its own."""
    for example in examples:
        yield Row(example.ids, example.labels(loss))


def greedy(examples: Iterable[Tokens], length: int, loss: Loss) -> Iterator[Row]:
    """Yield rows of whole examples, one behind the other until the next does not fit.

    Published: a row that would be exactly full is refused its last example, and an example of full length that comes
    first leaves an empty row before it. Neither happens here.
    """
    row = Row([], [])
    for example in examples:
        if row.ids and len(row.ids) + len(example.ids) > length:
            yield row
            row = Row([], [])
        row.ids.extend(example.ids)
        row.labels.extend(example.labels(loss))
    if row.ids:
        yield row


def constant_length(
    examples: Iterable[Tokens], sequence: SequenceSettings, loss: Loss, characters_a_token: float
) -> Iterator[list[Row]]:
    """Yield buffers of rows: examples as one stream, cut every ``length`` tokens.

    A buffer takes examples until it has ``length * characters_a_token * buffer_rows`` characters; its last row is
    shorter, and kept or dropped as ``tail`` says. Its rows come in the stream's order: a pass shuffles them inside the
    buffer (order.py). Examples see each other across their boundaries, as published.
    """
    length, full = sequence.length, sequence.length * characters_a_token * sequence.buffer_rows
    ids: list[int] = []
    labels: list[int] = []
    characters = 0

    def cut() -> list[Row]:
        places = range(0, len(ids), length)
        rows = [Row(ids[place : place + length], labels[place : place + length]) for place in places]
        return rows[:-1] if sequence.tail == "drop" and rows and len(rows[-1].ids) < length else rows

    for example in examples:
        if characters >= full:
            yield cut()
            ids, labels, characters = [], [], 0
        ids.extend(example.ids)
        labels.extend(example.labels(loss))
        characters += example.characters
    if ids:
        yield cut()


def characters_a_token(examples: Iterable[Tokens], *, marked: bool) -> float:
    """Return the characters in a token; ``marked``: each example ends with a marker, which is none of the text."""
    characters, tokens = 0, 0
    for example in examples:
        characters += example.characters
        tokens += len(example.ids) - marked
    return characters / tokens if tokens else 1.0


def schema() -> pa.Schema:
    """Return the columns of rows in a file."""
    import pyarrow as pa

    numbers = pa.list_(pa.int32())
    return pa.schema([("input_ids", numbers), ("labels", numbers)])


def write(path: Path, rows: Iterable[Row]) -> int:
    """Write rows into an Arrow file, some hundred at a time; return how many."""
    import pyarrow as pa

    batch: list[dict[str, Any]] = []
    written = 0
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema()) as stream:

        def flush() -> None:
            nonlocal written
            if batch:
                stream.write_table(pa.Table.from_pylist(batch, schema=schema()))
            written += len(batch)
            batch.clear()

        for row in rows:
            batch.append({"input_ids": row.ids, "labels": row.labels})
            if len(batch) == 500:
                flush()
        flush()
    return written


def pack_with_trl(unpacked: Path, path: Path, sequence: SequenceSettings) -> int:
    """Pack rows of one example each with TRL's packing, into another file; return how many rows there are now."""
    from datasets import Dataset, disable_progress_bars
    from trl.data_utils import pack_dataset

    disable_progress_bars()
    rows = Dataset.from_file(str(unpacked))
    packed = pack_dataset(rows, sequence.length, sequence.packing, {"cache_file_name": str(path)})
    return len(packed)

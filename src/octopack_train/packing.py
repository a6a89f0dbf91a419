"""From examples to rows: the stream published for OctoCoder, whole examples as for SantaCoder, and TRL's packings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octopack_train.config.sequence import Loss, SequenceSettings
from octopack_train.tokens import IGNORED, Tokens

if TYPE_CHECKING:
    import pyarrow as pa

BEST_FIT = ("bfd", "bfd_split")
"""Packings of TRL in which examples of one row do not see each other."""
TRL_BATCH = 1_000
"""Rows that TRL packs at a time."""
RATIO_ROWS = 400
"""Examples by which characters in a token are measured for the constant-length stream (published)."""


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens of a row with what is trained at each place; without padding."""

    ids: list[int]
    labels: list[int]

    @property
    def trained(self) -> bool:
        """Whether any token is: the first has nothing before it, so its label trains nothing."""
        return any(label != IGNORED for label in self.labels[1:])


def trained_rows(rows: Iterable[Row], counts: Counter[str]) -> Iterator[Row]:
    """Yield rows of which something is trained, and count the others: a batch of them alone has no loss (0 / 0)."""
    for row in rows:
        if row.trained:
            yield row
        else:
            counts["dropped_untrained_rows"] += 1


def one_a_row(examples: Iterable[Tokens], loss: Loss) -> Iterator[Row]:
    """Yield each example as a row of its own."""
    for example in examples:
        yield Row(example.ids, example.labels(loss))


def pieces(rows: Iterable[Row], length: int) -> Iterator[Row]:
    """Yield rows cut every ``length`` tokens; the last piece of each is shorter."""
    for row in rows:
        for place in range(0, len(row.ids), length):
            yield Row(row.ids[place : place + length], row.labels[place : place + length])


def wrapped(rows: Iterable[Row], length: int) -> Iterator[Row]:
    """Yield the rows that TRL's packing wrapped makes: of every 1,000 rows one, cut every ``length`` tokens."""
    source = iter(rows)
    while batch := list(islice(source, TRL_BATCH)):
        ids, labels = (
            list(chain.from_iterable(part)) for part in zip(*((r.ids, r.labels) for r in batch), strict=True)
        )
        yield from pieces([Row(ids, labels)], length)


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
    examples: Iterable[Tokens],
    sequence: SequenceSettings,
    loss: Loss,
    characters_a_token: float,
    counts: Counter[str],
) -> Iterator[list[Row]]:
    """Yield buffers of rows: examples as one stream, cut every ``length`` tokens.

    A buffer takes examples until it has ``length * characters_a_token * buffer_rows`` characters; its last row is
    shorter, and kept, or dropped and counted, as ``tail`` says. Its rows come in the stream's order: a pass shuffles
    them inside the buffer (order.py). Examples see each other across their boundaries, as published.
    """
    length, full = sequence.length, sequence.length * characters_a_token * sequence.buffer_rows
    ids: list[int] = []
    labels: list[int] = []
    characters = 0

    def cut() -> list[Row]:
        rows = list(pieces([Row(ids, labels)], length))
        if sequence.tail == "drop" and rows and len(rows[-1].ids) < length:
            counts["dropped_tail_tokens"] += len(rows.pop().ids)
        return rows

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


def best_fit(unpacked: Path, path: Path, length: int) -> None:
    """Pack the rows of a file, none longer than ``length``, with TRL's best fit into another file."""
    from datasets import Dataset, disable_progress_bars
    from trl.data_utils import pack_dataset

    disable_progress_bars()
    pack_dataset(Dataset.from_file(str(unpacked)), length, "bfd", {"cache_file_name": str(path)})

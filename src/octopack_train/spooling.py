"""The examples of a run as text, in one file on disk: those to train on and those to test on, told apart."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from humanevalpack.errors import InputError, UsageError
from octopack_data.mixtures import source_parts
from octopack_data.sides import side_of
from octopack_data.sources import Part
from octopack_train.config.data import DataSettings
from octopack_train.config.training import TrainingSettings
from octopack_train.texts import MINI, Text, first_mixed_texts, mini_texts, mixed_texts, parts_of, sides, texts

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


class Group:
    """Rows of one side in the spool, with their source and language."""

    def __init__(self) -> None:
        self.spooled = array("q")
        self._numbers = array("i")
        self._names: dict[tuple[str, str], int] = {}

    def add(self, place: int, text: Text) -> None:
        """Take in the text at a place of the spool."""
        self.spooled.append(place)
        self._numbers.append(self._names.setdefault((text.source, text.language), len(self._names)))

    def there(self) -> dict[tuple[str, str], int]:
        """Return the rows by source and language."""
        counted = Counter(self._numbers)
        return {name: counted[number] for name, number in self._names.items()}

    def numbers(self) -> NDArray[np.int32]:
        """Return for every row the number of its source and language in ``there``; (rows,)."""
        import numpy as np

        return np.array(self._numbers, np.int32)

    def places(self) -> NDArray[np.int64]:
        """Return the rows' places in the spool; (rows,)."""
        import numpy as np

        return np.array(self.spooled, np.int64)


class Spool:
    """All texts in one Arrow file, read back in any order."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, 0
        self.counts: dict[str, Counter[str]] = {}
        self.files: dict[str, list[int]] = {}

    def write(self, found: Iterable[Text]) -> Iterator[tuple[int, Text]]:
        """Write texts, and yield each with its place."""
        import pyarrow as pa

        names = ("prompt", "completion", "source", "language")
        schema = pa.schema([(name, pa.string()) for name in names])

        def table(batch: list[Text]) -> pa.Table:
            return pa.table({name: [getattr(text, name) for text in batch] for name in names}, schema=schema)

        with pa.OSFile(str(self.path), "wb") as file, pa.ipc.new_stream(file, schema) as stream:
            source = iter(found)
            while batch := list(islice(source, 500)):
                stream.write_table(table(batch))
                for text in batch:
                    yield self.rows, text
                    self.rows += 1

    def note(self, parts: Iterable[Part]) -> None:
        """Remember the files of a source as they are now."""
        self.files |= {str(path): stamp(path) for part in parts for path in part.paths}

    def texts(self, places: NDArray[np.int64]) -> Iterator[Text]:
        """Yield the texts at places, in their order."""
        from datasets import Dataset

        rows = Dataset.from_file(str(self.path))
        for begun in range(0, len(places), 1_000):
            batch = rows[places[begun : begun + 1_000]]
            columns = (batch["prompt"], batch["completion"], batch["source"], batch["language"])
            yield from (Text(*values) for values in zip(*columns, strict=True))

    def remove(self) -> None:
        """Take the file away."""
        self.path.unlink()


def stamp(path: Path) -> list[int]:
    """Return bytes and time of change of a file: while both are the same, it is not read again."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def fill(settings: TrainingSettings, spool: Spool, mixing: Path, limit: int | None) -> tuple[Group, Group]:
    """Write all examples to the spool, and return those to train on and those to test on.

    A mixture is made in the folder ``mixing``. With ``limit``: the first of each source only, and nothing is mixed.
    Raises InputError and UsageError.
    """
    data, train, test = settings.data, Group(), Group()
    for place, text in spool.write(_found(data, spool, mixing, limit)):
        (test if text.test else train).add(place, text)
    if not train.spooled:
        said = "; ".join(f"{name}: {counted(one)}" for name, one in spool.counts.items())
        held = f"; held out to test on: {len(test.spooled):,}" if test.spooled else ""
        raise InputError(f"data: no example to train on is left: {said}{held}")
    return train, test


def counted(counts: Counter[str]) -> str:
    """Return counts for an error."""
    return ", ".join(f"{name} {number:,}" for name, number in counts.items() if number or name == "rows")


def _found(data: DataSettings, spool: Spool, mixing: Path, limit: int | None) -> Iterator[Text]:
    known = data.test_path is not None
    if data.mixture:
        spool.note(part for parts in source_parts(data.mixture).values() for part in parts)
        known |= data.mixture.valid > 0
        if limit is None:
            found = mixed_texts(data, data.mixture, mixing, spool.counts)
        else:
            found = first_mixed_texts(data, data.mixture, limit, spool.counts)
    elif data.path is None:
        raise UsageError("data: nothing to train on: --set data.path=FILE, or data.mixture in a file of yours")
    elif data.path == MINI:
        found = mini_texts(spool.counts)
    else:
        name = Path(data.path).name or data.path
        train, test = sides(parts_of(name, data.path))
        found = _of(name, train, data, spool, limit)
        if test and not known:
            known = True
            found = chain(found, _of(f"{name} (test)", test, data, spool, limit, test=True))
    drawn = not known and data.test_share > 0
    for text in found:
        yield replace(text, test=True) if drawn and _is_drawn(text, data) else text
    if data.test_path is not None:
        yield from _of("test_path", parts_of("test_path", data.test_path), data, spool, limit, test=True)


def _of(
    name: str, parts: Sequence[Part], data: DataSettings, spool: Spool, limit: int | None, *, test: bool = False
) -> Iterator[Text]:
    spool.note(parts)
    counts = spool.counts.setdefault(name, Counter(rows=0))
    for text in islice(texts(name, parts, data, counts), limit):
        yield replace(text, test=test)


def _is_drawn(text: Text, data: DataSettings) -> bool:
    return side_of((text.prompt, text.completion), data.test_share, data.test_seed) == "valid"

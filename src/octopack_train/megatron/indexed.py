"""Megatron's indexed datasets: ``.bin`` with token arrays back to back, ``.idx`` with where each begins.

The index, little endian: 9 bytes of magic; uint64 version; uint8 code of the tokens' type; uint64 number of sequences;
uint64 number of document boundaries (documents + 1); int32 lengths in tokens; int64 offsets in bytes; int64 boundaries
in sequences, from 0. Written and read in constant memory, without megatron-core.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, InputError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC, VERSION = b"MMIDIDX\0\0", 1
CODES = {
    "uint8": 1,
    "int8": 2,
    "int16": 3,
    "int32": 4,
    "int64": 5,
    "float64": 6,
    "float32": 7,
    "uint16": 8,
}
SMALL_VOCABULARY = 65_500
"""A vocabulary below it has tokens of uint16."""
_HEADER = struct.Struct("<QBQQ")
_PIECE = 1 << 16
"""Entries of the index that are in memory at a time while it is written."""
PART = ".part"


def token_type(vocabulary: int) -> str:
    """Return the type of tokens in Megatron's files for a vocabulary of this size."""
    return "uint16" if vocabulary < SMALL_VOCABULARY else "int32"


def data_path(prefix: Path) -> Path:
    """Return the file of tokens of a dataset's prefix."""
    return prefix.with_name(prefix.name + ".bin")


def index_path(prefix: Path) -> Path:
    """Return the index of a dataset's prefix."""
    return prefix.with_name(prefix.name + ".idx")


class IndexedWriter(AbstractContextManager["IndexedWriter"]):
    """Writes one dataset, whole or not at all: its files get their names when the writer is left without an error."""

    def __init__(self, prefix: Path, dtype: str, *, overwrite: bool = False) -> None:
        import numpy as np

        if dtype not in CODES:
            raise UsageError(f"tokens of type {dtype!r}: there are {', '.join(CODES)}")
        self.prefix, self.dtype = prefix, np.dtype(dtype).newbyteorder("<")
        self.sequences = self.documents = self.tokens = 0
        self._limits = (np.iinfo(dtype).min, np.iinfo(dtype).max) if np.dtype(dtype).kind in "iu" else None
        paths = (data_path(prefix), index_path(prefix))
        for path in paths:
            if path.exists() and not overwrite:
                raise UsageError(f"{path} is there already; name another prefix, or say --overwrite")
        self._parts = {
            name: path.with_name(path.name + ending)
            for name, path, ending in (
                ("data", paths[0], PART),
                ("index", paths[1], PART),
                ("lengths", paths[1], f".lengths{PART}"),
                ("bounds", paths[1], f".documents{PART}"),
            )
        }
        self._open: dict[str, IO[bytes]] = {}
        try:
            prefix.parent.mkdir(parents=True, exist_ok=True)
            self._open = {name: self._parts[name].open("wb") for name in ("data", "lengths", "bounds")}
        except OSError as error:
            raise EnvironmentFault(f"{prefix} cannot be written: {error}") from error
        self._open["bounds"].write(struct.pack("<q", 0))

    def add(self, tokens: Sequence[int] | NDArray[Any]) -> None:
        """Append a sequence to the document at hand; raises InputError if a token does not fit into the type."""
        import numpy as np

        values = np.asarray(tokens)
        if self._limits is not None and values.size:
            least, most = int(values.min()), int(values.max())
            if least < self._limits[0] or most > self._limits[1]:
                wrong = most if most > self._limits[1] else least
                raise InputError(
                    f"{self.prefix}: document {self.documents + 1} has the token {wrong}, which "
                    f"{self.dtype.name} cannot hold ({self._limits[0]} to {self._limits[1]})"
                )
        try:
            self._open["data"].write(values.astype(self.dtype).tobytes())
            self._open["lengths"].write(struct.pack("<i", values.size))
        except OSError as error:
            raise EnvironmentFault(f"{self.prefix} cannot be written: {error}") from error
        self.sequences += 1
        self.tokens += values.size

    def end_document(self) -> None:
        """End the document at hand."""
        self.documents += 1
        self._open["bounds"].write(struct.pack("<q", self.sequences))

    def add_document(self, tokens: Sequence[int] | NDArray[Any]) -> None:
        """Append a document of one sequence."""
        self.add(tokens)
        self.end_document()

    def append(self, other: IndexedDataset) -> None:
        """Append a whole dataset of the same type; raises InputError."""
        if other.dtype != self.dtype:
            raise InputError(f"{other.prefix} has tokens of {other.dtype.name}, {self.prefix} of {self.dtype.name}")
        for document in range(other.documents):
            for place in range(int(other.bounds[document]), int(other.bounds[document + 1])):
                self.add(other[place])
            self.end_document()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            for stream in self._open.values():
                stream.close()
            if kind is None:
                self._write_index()
                # The index comes last: where it is, its tokens are.
                index_path(self.prefix).unlink(missing_ok=True)
                self._parts["data"].replace(data_path(self.prefix))
                self._parts["index"].replace(index_path(self.prefix))
        except OSError as fault:
            raise EnvironmentFault(f"{self.prefix} cannot be written: {fault}") from fault
        finally:
            for path in self._parts.values():
                path.unlink(missing_ok=True)

    def _write_index(self) -> None:
        import numpy as np

        with self._parts["index"].open("wb") as index:
            index.write(MAGIC)
            index.write(_HEADER.pack(VERSION, CODES[self.dtype.name], self.sequences, self.documents + 1))
            with self._parts["lengths"].open("rb") as lengths:
                shutil.copyfileobj(lengths, index)
            with self._parts["lengths"].open("rb") as lengths:
                offset = 0
                while piece := lengths.read(4 * _PIECE):
                    sizes = np.frombuffer(piece, "<i4").astype("<i8") * self.dtype.itemsize
                    ends = offset + np.cumsum(sizes)
                    index.write((ends - sizes).astype("<i8").tobytes())
                    offset = int(ends[-1])
            with self._parts["bounds"].open("rb") as bounds:
                shutil.copyfileobj(bounds, index)


@dataclass(frozen=True)
class IndexedDataset:
    """A dataset on disk, mapped: a sequence by its place, without reading the others."""

    prefix: Path
    dtype: np.dtype[Any]
    lengths: NDArray[np.int32]
    """Of each sequence, in tokens."""
    offsets: NDArray[np.int64]
    """Of each sequence, in bytes."""
    bounds: NDArray[np.int64]
    """Document n is sequences ``bounds[n]`` to ``bounds[n + 1]``."""
    data: NDArray[Any]
    """All tokens."""

    @property
    def documents(self) -> int:
        """Number of documents."""
        return len(self.bounds) - 1

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, place: int) -> NDArray[Any]:
        begin = int(self.offsets[place]) // self.dtype.itemsize
        return self.data[begin : begin + int(self.lengths[place])]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[place] for place in range(len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return read_indexed, (self.prefix,)  # a process that is given it maps the files, too, and gets no copy


def read_indexed(prefix: Path) -> IndexedDataset:
    """Open a dataset and check that index and data fit each other; raises InputError that names file and place."""
    import numpy as np

    path, data = index_path(prefix), data_path(prefix)
    try:
        size, bytes_there = path.stat().st_size, data.stat().st_size
        with path.open("rb") as stream:
            magic, header = stream.read(len(MAGIC)), stream.read(_HEADER.size)
    except OSError as error:
        raise InputError(f"{prefix}: no indexed dataset that can be read ({error})") from error
    if magic != MAGIC or len(header) < _HEADER.size:
        raise InputError(f"{path}: not Megatron's index: it begins with {magic!r}, not {MAGIC!r}")
    version, code, sequences, boundaries = _HEADER.unpack(header)
    names = {number: name for name, number in CODES.items()}
    if version != VERSION or code not in names:
        raise InputError(f"{path}: version {version} and type {code}; known are version {VERSION}, types 1 to 8")
    begin = len(MAGIC) + _HEADER.size
    expected = begin + 12 * sequences + 8 * boundaries
    if size != expected or not boundaries:
        raise InputError(
            f"{path}: {size:,} bytes, is cut: {sequences:,} sequences and {boundaries:,} boundaries take {expected:,}"
        )
    dtype = np.dtype(names[code]).newbyteorder("<")
    lengths = _mapped(path, "<i4", begin, sequences)
    offsets = _mapped(path, "<i8", begin + 4 * sequences, sequences)
    bounds = _mapped(path, "<i8", begin + 12 * sequences, boundaries)
    end = int(offsets[-1]) + int(lengths[-1]) * dtype.itemsize if sequences else 0
    if end != bytes_there:
        raise InputError(f"{data}: {bytes_there:,} bytes; its index speaks of {end:,}")
    if int(bounds[0]) != 0 or int(bounds[-1]) != sequences:
        raise InputError(f"{path}: documents go from {int(bounds[0])} to {int(bounds[-1])}, not 0 to {sequences}")
    return IndexedDataset(prefix, dtype, lengths, offsets, bounds, _mapped(data, dtype, 0, end // dtype.itemsize))


def _mapped(path: Path, dtype: Any, offset: int, count: int) -> NDArray[Any]:
    import numpy as np

    if not count:  # nothing cannot be mapped
        return np.empty(0, dtype)
    return np.memmap(path, dtype, "r", offset, (count,))

"""Megatron's indexed datasets: ``.bin`` with token arrays back to back, ``.idx`` with where each begins.

The index, little endian: 9 bytes of magic; uint64 version; uint8 code of the tokens' type; uint64 number of sequences;
uint64 number of document boundaries (documents + 1); int32 lengths in tokens; int64 offsets in bytes; int64 boundaries
in sequences, from 0. Read in constant memory, without megatron-core; ``indexed_writing`` writes them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import InputError

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
HEADER = struct.Struct("<QBQQ")


def token_type(vocabulary: int) -> str:
    """Return the type of tokens in Megatron's files for a vocabulary of this size."""
    return "uint16" if vocabulary < SMALL_VOCABULARY else "int32"


def dataset_prefix(prefix: Path, key: str) -> Path:
    """Return the prefix of one key's dataset, as Megatron's tools name it."""
    return prefix.with_name(f"{prefix.name}_{key}_document")


def data_path(prefix: Path) -> Path:
    """Return the file of tokens of a dataset's prefix."""
    return prefix.with_name(prefix.name + ".bin")


def index_path(prefix: Path) -> Path:
    """Return the index of a dataset's prefix."""
    return prefix.with_name(prefix.name + ".idx")


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
            magic, header = stream.read(len(MAGIC)), stream.read(HEADER.size)
    except OSError as error:
        raise InputError(f"{prefix}: no indexed dataset that can be read ({error})") from error
    if magic != MAGIC or len(header) < HEADER.size:
        raise InputError(f"{path}: not Megatron's index: it begins with {magic!r}, not {MAGIC!r}")
    version, code, sequences, boundaries = HEADER.unpack(header)
    names = {number: name for name, number in CODES.items()}
    if version != VERSION or code not in names:
        raise InputError(f"{path}: version {version} and type {code}; known are version {VERSION}, types 1 to 8")
    begin = len(MAGIC) + HEADER.size
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

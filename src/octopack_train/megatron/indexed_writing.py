"""An indexed dataset written: in constant memory, whole or not at all, going on behind what a stopped run has left."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_train.megatron.indexed import CODES, HEADER, MAGIC, VERSION, IndexedDataset, data_path, index_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECE = 1 << 16
"""Entries of the index that are in memory at a time while it is written."""
_PART = ".part"
_STREAMS = ("data", "lengths", "bounds")
"""What is written while documents come; the index is put together at the end."""


class IndexedWriter(AbstractContextManager["IndexedWriter"]):
    """Writes one dataset, whole or not at all: its files get their names when the writer is left without an error.

    With ``work``, a folder, what is written before an error stays there; ``begun`` (what ``sizes`` returned) goes on
    behind it.
    """

    def __init__(
        self,
        prefix: Path,
        dtype: str,
        *,
        overwrite: bool = False,
        work: Path | None = None,
        begun: Sequence[int] | None = None,
    ) -> None:
        import numpy as np

        if dtype not in CODES:
            raise UsageError(f"tokens of type {dtype!r}: there are {', '.join(CODES)}")
        self.prefix, self.dtype, self._work = prefix, np.dtype(dtype).newbyteorder("<"), work
        self.sequences = self.documents = self.tokens = 0
        self._limits = (np.iinfo(dtype).min, np.iinfo(dtype).max) if np.dtype(dtype).kind in "iu" else None
        for path in (data_path(prefix), index_path(prefix)):
            if path.exists() and not overwrite:
                raise UsageError(f"{path} is there already; name another prefix, or say --overwrite")
        self._parts = _parts(prefix, work)
        self._open: dict[str, IO[bytes]] = {}
        try:
            (work or prefix.parent).mkdir(parents=True, exist_ok=True)
            for name, size in zip(_STREAMS, begun or (0, 0, 0), strict=True):
                self._open[name] = self._parts[name].open("r+b" if begun else "wb")
                self._open[name].truncate(size)
                self._open[name].seek(size)
        except OSError as error:
            raise EnvironmentFault(f"{prefix} cannot be written: {error}") from error
        if begun:
            data, lengths, bounds = begun
            self.tokens, self.sequences, self.documents = data // self.dtype.itemsize, lengths // 4, bounds // 8 - 1
        else:
            self._open["bounds"].write(struct.pack("<q", 0))

    def sizes(self) -> tuple[int, int, int]:
        """Return what ``begun`` takes; all that was added before is in the work's files then, whatever comes later."""
        try:
            for stream in self._open.values():
                stream.flush()
        except OSError as error:
            raise EnvironmentFault(f"{self.prefix} cannot be written: {error}") from error
        return self.tokens * self.dtype.itemsize, 4 * self.sequences, 8 * (self.documents + 1)

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
            if kind is None or self._work is None:
                for path in self._parts.values():
                    path.unlink(missing_ok=True)

    def _write_index(self) -> None:
        import numpy as np

        with self._parts["index"].open("wb") as index:
            index.write(MAGIC)
            index.write(HEADER.pack(VERSION, CODES[self.dtype.name], self.sequences, self.documents + 1))
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


def are_begun(prefix: Path, work: Path, begun: Sequence[int]) -> bool:
    """Return whether a writer's work lies there, as long as it was when its ``sizes`` were asked for, or longer."""
    parts = _parts(prefix, work)
    return all(
        parts[name].is_file() and parts[name].stat().st_size >= size for name, size in zip(_STREAMS, begun, strict=True)
    )


def _parts(prefix: Path, work: Path | None) -> dict[str, Path]:
    names = {
        "data": data_path(prefix).name,
        "index": index_path(prefix).name,
        "lengths": f"{index_path(prefix).name}.lengths",
        "bounds": f"{index_path(prefix).name}.documents",
    }
    return {kind: (work or prefix.parent) / f"{name}{_PART}" for kind, name in names.items()}

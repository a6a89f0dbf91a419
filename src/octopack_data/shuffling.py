"""Lines in an order that a hash decides, in constant memory whatever their number.

First each worker spills its lines into a file of its own, in pieces by the first bits of their keys; then the pieces of
one range of keys after another are read from all files, sorted, and yielded. The order depends on keys and lines alone:
not on the number of workers, nor on the order of the input.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault
from octopack_data.draws import hash_of
from octopack_data.progress import at
from octopack_data.rows import PART, ending

KEY = 32
"""Characters of a key: 128 bits in hex."""
_HELD = 8 * 2**20
"""Text that a writer holds in memory."""
_RANGE = 8 * 2**20
"""Text of one range of keys, about: what the reader holds in memory."""
_MOST = 2**13
"""Ranges at most: from 64 GB of text on, they are longer, else a piece would be too short to be read at once."""
_UNPACKED = {".jsonl": 1, ".jsonl.zst": 6, ".jsonl.gz": 5, ".parquet": 6}
"""Bytes of text in a byte on disk, about."""
_NUMBER = 8
"""Bytes of a number of an index."""


def key_of(purpose: str, seed: int, *texts: str) -> bytes:
    """Return the key of a line that these texts identify; evenly spread, others for another purpose or seed."""
    return hash_of(f"{purpose}:{seed}", *texts, size=KEY // 2).hex().encode()


def ranges_for(paths: Sequence[Path]) -> int:
    """Return into how many ranges of keys the text of these files is cut."""
    size = sum(path.stat().st_size * _UNPACKED[ending(path)] for path in paths)
    return min(_MOST, size // _RANGE + 1)


class Spill(AbstractContextManager["Spill"]):
    """Writes the lines of one worker: ``<path>`` with the pieces, ``<path>.index`` with where each one begins.

    Whenever enough is held, one piece for each range is written, be it empty: the index is a table of numbers that
    needs not be read as a whole.
    Of lines with one key the smallest stays, or with ``every`` all. ``lines`` counts those that were added.
    """

    def __init__(self, path: Path, ranges: int, held_bytes: int = _HELD, *, every: bool = False) -> None:
        import zstandard

        self.lines = 0
        self._path, self._ranges, self._held_bytes = path, ranges, held_bytes
        self._packer = zstandard.ZstdCompressor(level=1)
        self._every = every
        self._held: dict[bytes, list[bytes]] = {}
        self._size = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = path.with_name(path.name + PART).open("wb")
            self._index = index_of(path).open("wb")
        except OSError as error:
            raise EnvironmentFault(f"{path} cannot be written: {error}") from error

    def add(self, key: bytes, line: bytes) -> None:
        """Add a line, which holds no LF; raises EnvironmentFault."""
        self.lines += 1
        held = self._held.setdefault(key, [])
        if self._every or not held:
            held.append(line)
            self._size += len(line) + KEY
        elif line < held[0]:
            held[0] = line
        if self._size >= self._held_bytes:
            self._write()

    def _write(self) -> None:
        pieces: dict[int, list[bytes]] = {}
        for key, lines in self._held.items():
            pieces.setdefault(int(key, 16) * self._ranges >> 128, []).extend(key + line for line in lines)
        starts = array("Q", [self._stream.tell()])
        try:
            for number in range(self._ranges):
                if number in pieces:
                    self._stream.write(self._packer.compress(b"\n".join(pieces[number])))
                starts.append(self._stream.tell())
            self._index.write(starts.tobytes())
        except OSError as error:
            raise EnvironmentFault(f"{self._path} cannot be written: {error}") from error
        self._held, self._size = {}, 0

    def __exit__(self, kind: object, *error: Any) -> None:
        part = self._path.with_name(self._path.name + PART)
        try:
            if kind is None:
                self._write()
            self._stream.close()
            self._index.close()
            if kind is None:
                part.replace(self._path)
        except OSError as fault:
            raise EnvironmentFault(f"{self._path} cannot be written: {fault}") from fault
        finally:
            part.unlink(missing_ok=True)
            if not self._path.exists():
                index_of(self._path).unlink(missing_ok=True)


def spill_of(folder: Path, part: str) -> Path:
    """Return the file with a part's lines, below the folder of a first pass."""
    return folder / "spills" / f"{part}.spill"


def index_of(spill: Path) -> Path:
    """Return the file that says where the pieces of a spill begin."""
    return spill.with_name(f"{spill.name}.index")


def in_order(spills: Sequence[Path], ranges: int, *, every: bool = False) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and line of all spills by key, of equal keys the smallest line alone, or ``every`` line by itself.

    Raises EnvironmentFault.
    """
    for number in range(ranges):
        last = b""
        for entry in sorted(line for spill in spills for line in _lines(spill, number, ranges)):
            if (key := entry[:KEY]) != last or every:
                yield key, entry[KEY:]
            last = key


def _lines(spill: Path, number: int, ranges: int) -> Iterator[bytes]:
    """Yield the lines of one range in one spill."""
    import zstandard

    row = (ranges + 1) * _NUMBER
    try:
        size = spill.stat().st_size
        with spill.open("rb") as stream, index_of(spill).open("rb") as index:
            for place in range(number * _NUMBER, index_of(spill).stat().st_size, row):
                index.seek(place)
                start, end = array("Q", index.read(2 * _NUMBER))
                if start < end:
                    stream.seek(start)
                    yield from zstandard.ZstdDecompressor().decompress(stream.read(end - start)).split(b"\n")
        at(spill, size * (number + 1) // ranges)
    except (OSError, zstandard.ZstdError) as error:
        raise EnvironmentFault(f"{spill} cannot be read ({error}): start anew with --overwrite") from error
